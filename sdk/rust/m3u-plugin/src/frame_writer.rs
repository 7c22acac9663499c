//! Writing a frame from its beginning to its end, so that every reference points forward. Each part
//! begins at a multiple of four.
use crate::batch::Column;
use crate::frame::{count_of, number, Numbers, Run, TextList, View};
use crate::memory::{allocate_or_trap, Block};

/// What a field of the root table holds.
pub(crate) enum Field<'a> {
    Rows(usize),
    Columns(&'a [TextList<'a>]),
    Column(TextList<'a>),
    Numbers(Numbers<'a>),
    /// The text of all the other fields; written last.
    Text,
}

const COLUMN_FIELDS: usize = 8; // the column tables' list of fields, padded
const MOST_TEXT: usize = 1 << 30; // far beyond what the host accepts

fn padded(size: usize) -> usize {
    (size + 3) & !3
}

fn size_of_list(list: &TextList) -> usize {
    8 + 4 + 4 * (list.count() + 1)
}

fn size_of(field: &Field, text: usize) -> usize {
    4 + match field {
        Field::Rows(_) => 0,
        Field::Columns(lists) => {
            4 + 4 * lists.len() + lists.iter().map(size_of_list).sum::<usize>()
        }
        Field::Column(list) => size_of_list(list),
        Field::Numbers(numbers) => 4 + padded(numbers.bytes.len()),
        Field::Text => 4 + padded(text),
    }
}

fn lists<'f, 'a>(fields: &'f [Field<'a>]) -> impl Iterator<Item = &'f TextList<'a>> {
    fields.iter().flat_map(|field| match field {
        Field::Columns(lists) => lists.iter(),
        Field::Column(list) => core::slice::from_ref(list).iter(),
        _ => [].iter(),
    })
}

/// Writes a frame of these fields. `kept` is the text that kept columns are about.
pub(crate) fn build(fields: &[Field], kept: &str) -> Block {
    let text = kept.len() + lists(fields).map(TextList::new_text).sum::<usize>();
    assert!(text <= MOST_TEXT, "a chunk holds more than 1 GB of text");
    let head = 4 + COLUMN_FIELDS + padded(4 + 2 * fields.len()) + 4;
    let size = head + fields.iter().map(|field| size_of(field, text)).sum::<usize>();
    let data = allocate_or_trap(size);
    let mut frame =
        FrameWriter { begin: data, size, end: 0, root: head - 4, position: kept.len() as u32 };
    frame.head(fields.len());
    let mut text_field = 0;
    for (index, field) in fields.iter().enumerate() {
        match field {
            Field::Rows(rows) => frame.write32(frame.field(index), *rows as u32),
            Field::Columns(lists) => frame.columns(index, lists),
            Field::Column(list) => {
                frame.refer(frame.field(index));
                frame.table(list);
            }
            Field::Numbers(numbers) => frame.numbers(index, numbers),
            Field::Text => text_field = index,
        }
    }
    frame.refer(frame.field(text_field));
    frame.put32(text as u32);
    frame.put(kept.as_bytes());
    for list in lists(fields) {
        frame.copy_new(list);
    }
    frame.pad();
    debug_assert_eq!(frame.end, size);
    Block { data, size }
}

struct FrameWriter {
    begin: *mut u8,
    size: usize,
    end: usize,
    root: usize,
    position: u32, // where in the text the next new value goes
}

impl FrameWriter {
    fn slice(&mut self, at: usize, size: usize) -> &mut [u8] {
        assert!(at <= self.size && size <= self.size - at);
        unsafe { core::slice::from_raw_parts_mut(self.begin.add(at), size) }
    }
    fn write32(&mut self, at: usize, value: u32) {
        self.slice(at, 4).copy_from_slice(&value.to_le_bytes());
    }
    fn put(&mut self, bytes: &[u8]) {
        let end = self.end;
        self.slice(end, bytes.len()).copy_from_slice(bytes);
        self.end += bytes.len();
    }
    fn put32(&mut self, value: u32) {
        self.put(&value.to_le_bytes());
    }
    fn put16(&mut self, value: usize) {
        self.put(&(value as u16).to_le_bytes());
    }
    fn pad(&mut self) {
        while self.end % 4 != 0 {
            self.put(&[0]);
        }
    }
    fn field(&self, index: usize) -> usize {
        self.root + 4 + 4 * index
    }
    /// Lets the reference at `at` point to what is written next.
    fn refer(&mut self, at: usize) {
        self.write32(at, (self.end - at) as u32);
    }

    /// The root reference, what fields the tables have, and the root table.
    fn head(&mut self, fields: usize) {
        self.put32(self.root as u32);
        for number in [6, 8, 4, 0] {
            self.put16(number);
        }
        let root_fields = self.end;
        self.put16(4 + 2 * fields);
        self.put16(4 + 4 * fields);
        for i in 0..fields {
            self.put16(4 + 4 * i);
        }
        self.pad();
        self.put32((self.root - root_fields) as u32);
        self.end += 4 * fields;
    }

    fn columns(&mut self, index: usize, lists: &[TextList]) {
        self.refer(self.field(index));
        self.put32(lists.len() as u32);
        let references = self.end;
        self.end += 4 * lists.len();
        for (i, list) in lists.iter().enumerate() {
            self.refer(references + 4 * i);
            self.table(list);
        }
    }

    fn table(&mut self, list: &TextList) {
        self.put32((self.end - 4) as u32);
        self.put32(4);
        self.put32(list.count() as u32 + 1);
        match list {
            TextList::Kept(offsets) if !offsets.is_empty() => self.put(offsets),
            TextList::Kept(_) => self.put32(0),
            TextList::Runs(column, runs) => self.put_runs(column, runs),
            TextList::New(views) => self.put_views(views),
        }
    }
    /// The offsets of each run, shifted.
    fn put_runs(&mut self, column: &Column, runs: &[Run]) {
        let (mut position, size) = (self.position, 4 * (count_of(runs) + 1));
        let mut to = self.slice(self.end, size);
        for run in runs {
            let old = &column.offsets()[4 * run.start..4 * run.end];
            let distance = position.wrapping_sub(column.offset(run.start) as u32);
            let (places, rest) = to.split_at_mut(old.len());
            for (place, offset) in places.chunks_exact_mut(4).zip(old.chunks_exact(4)) {
                let moved = number(offset, 0).wrapping_add(distance);
                place.copy_from_slice(&moved.to_le_bytes());
            }
            position = distance.wrapping_add(column.offset(run.end) as u32);
            to = rest;
        }
        to.copy_from_slice(&position.to_le_bytes());
        self.end += size;
        self.position = position;
    }
    fn put_views(&mut self, views: &[View]) {
        let (mut position, size) = (self.position, 4 * (views.len() + 1));
        let offsets = self.slice(self.end, size);
        for (place, view) in offsets.chunks_exact_mut(4).zip(views) {
            place.copy_from_slice(&position.to_le_bytes());
            position += view.size as u32;
        }
        offsets[4 * views.len()..].copy_from_slice(&position.to_le_bytes());
        self.end += size;
        self.position = position;
    }

    fn numbers(&mut self, index: usize, numbers: &Numbers) {
        self.refer(self.field(index));
        self.put32((numbers.bytes.len() / numbers.width) as u32);
        self.put(numbers.bytes);
        self.pad();
    }

    fn copy_new(&mut self, list: &TextList) {
        match list {
            TextList::Kept(_) => {}
            TextList::Runs(column, runs) => {
                for run in runs.iter() {
                    self.put(column.values(run.clone()));
                }
            }
            TextList::New(views) => self.copy_views(views),
        }
    }
    /// Values that are side by side are copied together.
    fn copy_views(&mut self, views: &[View]) {
        let mut i = 0;
        while i < views.len() {
            let from = views[i].data;
            let mut size = views[i].size;
            i += 1;
            while i < views.len() && core::ptr::eq(views[i].data, from.wrapping_add(size)) {
                size += views[i].size;
                i += 1;
            }
            let end = self.end;
            let to = self.slice(end, size).as_mut_ptr();
            unsafe { copy_short(to, from, size) };
            self.end += size;
        }
    }
}

/// Copies a text that is short most of the time: without a call up to 64 bytes.
///
/// # Safety
/// As of `copy_nonoverlapping`.
#[inline]
pub(crate) unsafe fn copy_short(to: *mut u8, from: *const u8, size: usize) {
    use core::ptr::copy_nonoverlapping as copy;
    match size {
        0 => {}
        1..=3 => {
            *to = *from;
            *to.add(size / 2) = *from.add(size / 2);
            *to.add(size - 1) = *from.add(size - 1);
        }
        4..=7 => {
            copy(from, to, 4);
            copy(from.add(size - 4), to.add(size - 4), 4);
        }
        8..=15 => {
            copy(from, to, 8);
            copy(from.add(size - 8), to.add(size - 8), 8);
        }
        16..=64 => {
            let mut at = 0;
            while at + 16 < size {
                copy(from.add(at), to.add(at), 16);
                at += 16;
            }
            copy(from.add(size - 16), to.add(size - 16), 16);
        }
        _ => copy(from, to, size),
    }
}
