//! What the editors of channels and programmes have in common: columns in which values were set, and
//! rows that were dropped.
use crate::batch::Column;
use crate::frame::{copy_runs, count_of, number, Run, TextList, View};
use crate::writer::Arena;
use alloc::vec::Vec;

/// What both editors have in common: columns in which values were set, and rows that were dropped.
pub(crate) struct Edits<const N: usize> {
    rows: usize,
    changed: [Vec<View>; N],
    pub dropped: Vec<bool>,
    pub arena: Arena,
}

impl<const N: usize> Edits<N> {
    pub fn new(rows: usize) -> Self {
        Edits {
            rows,
            changed: core::array::from_fn(|_| Vec::new()),
            dropped: Vec::new(),
            arena: Arena::default(),
        }
    }
    pub fn is_changed(&self, column: usize) -> bool {
        !self.changed[column].is_empty()
    }
    pub fn any(&self) -> bool {
        !self.dropped.is_empty() || (0..N).any(|column| self.is_changed(column))
    }
    pub fn set(&mut self, old: &Column, column: usize, row: usize, value: View) {
        let changed = &mut self.changed[column];
        if changed.is_empty() {
            changed.extend((0..self.rows).map(|i| View::of(old.get(i))));
        }
        changed[row] = value;
    }
    pub fn set_copy(&mut self, old: &Column, column: usize, row: usize, value: &str) {
        if self.is_changed(column) || old.get(row) != value {
            let view = self.arena.store(value);
            self.set(old, column, row, view);
        }
    }
    pub fn drop_row(&mut self, row: usize) {
        if self.dropped.is_empty() {
            self.dropped.resize(self.rows, false);
        }
        self.dropped[row] = true;
    }
    pub fn lists<'a>(&'a self, columns: &[Column<'a>; N]) -> [TextList<'a>; N] {
        core::array::from_fn(|i| {
            if self.is_changed(i) {
                TextList::New(&self.changed[i])
            } else {
                TextList::kept(&columns[i])
            }
        })
    }
    /// The rows that stay.
    pub fn kept_rows(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut first = 0;
        for rows in self.dropped.split(|dropped| *dropped) {
            if !rows.is_empty() {
                runs.push(first..first + rows.len());
            }
            first += rows.len() + 1;
        }
        runs
    }
    /// The values that stay, of columns in which some were set.
    pub fn kept_values(&self, kept: &[Run]) -> [Vec<View>; N] {
        core::array::from_fn(|i| {
            if self.is_changed(i) {
                copy_runs(&self.changed[i], 1, kept)
            } else {
                Vec::new()
            }
        })
    }
    /// What stays of each column; `set` is of `kept_values`.
    pub fn kept_lists<'a>(
        &self,
        columns: &[Column<'a>; N],
        kept: &'a [Run],
        set: &'a [Vec<View>; N],
    ) -> [TextList<'a>; N] {
        core::array::from_fn(|i| {
            if self.is_changed(i) {
                TextList::New(&set[i])
            } else {
                TextList::Runs(columns[i], kept)
            }
        })
    }
}

/// Where the entries of the rows that stay are, and where each row's begin among them; `first` says
/// where each row's began.
pub(crate) fn entries_of(first: &[u8], kept: &[Run]) -> (Vec<Run>, Vec<u32>) {
    let mut entries = Vec::new();
    let mut new_first = Vec::with_capacity(count_of(kept) + 1);
    let mut count = 0;
    for run in kept {
        let (begin, end) = (number(first, 4 * run.start), number(first, 4 * run.end));
        let distance = count - begin as i32;
        let rows = first[4 * run.start..4 * run.end].chunks_exact(4);
        new_first.extend(rows.map(|at| number(at, 0).wrapping_add_signed(distance)));
        count += (end - begin) as i32;
        if begin != end {
            entries.push(begin as usize..end as usize);
        }
    }
    new_first.push(count as u32);
    (entries, new_first)
}
