//! FlatBuffers by hand: reading tables, and writing a frame from its beginning to its end, so that
//! every reference points forward. Each part begins at a multiple of four.
use crate::batch::Column;
use crate::memory::{allocate_or_trap, Block};
use alloc::vec::Vec;
use core::ops::Range;

/// The number at `at`.
#[inline]
pub(crate) fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// A FlatBuffers table.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    frame: &'a [u8],
    table: usize,
    fields: usize,
}

impl<'a> Table<'a> {
    fn at(frame: &'a [u8], table: usize) -> Self {
        Table { frame, table, fields: table.wrapping_sub(number(frame, table) as i32 as usize) }
    }
    pub fn root(frame: &'a [u8]) -> Self {
        Table::at(frame, number(frame, 0) as usize)
    }
    fn short(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes([self.frame[at], self.frame[at + 1]]))
    }
    fn field(&self, index: usize) -> Option<usize> {
        let entry = 4 + 2 * index;
        let offset =
            if entry < self.short(self.fields) { self.short(self.fields + entry) } else { 0 };
        (offset != 0).then_some(self.table + offset)
    }
    pub fn number(&self, index: usize) -> u32 {
        self.field(index).map_or(0, |at| number(self.frame, at))
    }
    /// The bytes of a vector of numbers of this width.
    pub fn vector(&self, index: usize, width: usize) -> &'a [u8] {
        let Some(field) = self.field(index) else { return &[] };
        let vector = field + number(self.frame, field) as usize;
        let size = number(self.frame, vector) as usize * width;
        &self.frame[vector + 4..vector + 4 + size]
    }
    fn offsets_at(&self, reference: usize) -> &'a [u8] {
        Table::at(self.frame, reference + number(self.frame, reference) as usize).vector(0, 4)
    }
    /// The offsets of the column in this field.
    pub fn column(&self, index: usize) -> &'a [u8] {
        self.field(index).map_or(&[], |at| self.offsets_at(at))
    }
    /// The offsets of one column of a vector of them.
    pub fn column_of(&self, index: usize, item: usize) -> &'a [u8] {
        let Some(field) = self.field(index) else { return &[] };
        self.offsets_at(field + number(self.frame, field) as usize + 4 + 4 * item)
    }
}

/// A text that outlives the writing: the writers keep what it points to.
#[derive(Clone, Copy)]
pub(crate) struct View {
    data: *const u8,
    size: usize,
}

impl View {
    pub const EMPTY: View = View { data: core::ptr::NonNull::dangling().as_ptr(), size: 0 };
    pub fn of(text: &str) -> View {
        View { data: text.as_ptr(), size: text.len() }
    }
    /// # Safety
    /// What it was made of must still be there.
    pub unsafe fn text<'a>(self) -> &'a str {
        core::str::from_utf8_unchecked(core::slice::from_raw_parts(self.data, self.size))
    }
}

/// Neighbouring entries of a list.
pub(crate) type Run = Range<usize>;

pub(crate) fn count_of(runs: &[Run]) -> usize {
    runs.iter().map(Run::len).sum()
}

/// The runs of `items`, each entry `width` of them.
pub(crate) fn copy_runs<T: Copy>(items: &[T], width: usize, runs: &[Run]) -> Vec<T> {
    let mut copy = Vec::with_capacity(width * count_of(runs));
    for run in runs {
        copy.extend_from_slice(&items[width * run.start..width * run.end]);
    }
    copy
}

/// One list of texts on its way into a frame; the texts of the last two are copied.
#[derive(Clone, Copy)]
pub(crate) enum TextList<'a> {
    /// The text is among what is kept.
    Kept(&'a [u8]),
    Runs(Column<'a>, &'a [Run]),
    New(&'a [View]),
}

impl<'a> TextList<'a> {
    pub fn kept(column: &Column<'a>) -> Self {
        TextList::Kept(column.offsets())
    }
    fn count(&self) -> usize {
        match self {
            TextList::Kept(offsets) => (offsets.len() / 4).saturating_sub(1),
            TextList::Runs(_, runs) => count_of(runs),
            TextList::New(views) => views.len(),
        }
    }
    fn new_text(&self) -> usize {
        match self {
            TextList::Kept(_) => 0,
            TextList::Runs(column, runs) => {
                runs.iter().map(|run| column.offset(run.end) - column.offset(run.start)).sum()
            }
            TextList::New(views) => views.iter().map(|view| view.size).sum(),
        }
    }
}

/// A vector of plain numbers on its way into a frame.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl<'a> Numbers<'a> {
    pub fn of_bytes(bytes: &'a [u8], width: usize) -> Self {
        Numbers { bytes, width }
    }
    pub fn of_u32(numbers: &'a [u32]) -> Self {
        let bytes =
            unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), 4 * numbers.len()) };
        Numbers { bytes, width: 4 }
    }
    pub fn of_u16(numbers: &'a [u16]) -> Self {
        let bytes =
            unsafe { core::slice::from_raw_parts(numbers.as_ptr().cast(), 2 * numbers.len()) };
        Numbers { bytes, width: 2 }
    }
}

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
    /// Values that stand side by side are copied together.
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
