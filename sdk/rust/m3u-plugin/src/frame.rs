//! FlatBuffers by hand: reading tables, and what goes into a frame.
use crate::batch::Column;
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
    pub(crate) data: *const u8,
    pub(crate) size: usize,
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
    pub(crate) fn count(&self) -> usize {
        match self {
            TextList::Kept(offsets) => (offsets.len() / 4).saturating_sub(1),
            TextList::Runs(_, runs) => count_of(runs),
            TextList::New(views) => views.len(),
        }
    }
    pub(crate) fn new_text(&self) -> usize {
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
    pub(crate) bytes: &'a [u8],
    pub(crate) width: usize,
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
