//! Chunks that are changed: values set, rows dropped, and everything else kept.
use crate::batch::{ChannelBatch, ChannelField, Column, MediaType, ProgrammeBatch, ProgrammeField};
use crate::frame::{build, Field, Numbers, TextList, View};
use crate::memory::Block;
use crate::writer::{Arena, ChannelWriter, ProgrammeWriter};
use alloc::vec::Vec;

/// What both editors have in common: columns in which values were set, and rows that were dropped.
struct Edits<const N: usize> {
    rows: usize,
    changed: [Vec<View>; N],
    dropped: Vec<bool>,
    arena: Arena,
}

impl<const N: usize> Edits<N> {
    fn new(rows: usize) -> Self {
        Edits {
            rows,
            changed: core::array::from_fn(|_| Vec::new()),
            dropped: Vec::new(),
            arena: Arena::default(),
        }
    }
    fn is_changed(&self, column: usize) -> bool {
        !self.changed[column].is_empty()
    }
    fn any(&self) -> bool {
        !self.dropped.is_empty() || (0..N).any(|column| self.is_changed(column))
    }
    fn set(&mut self, old: &Column, column: usize, row: usize, value: View) {
        let changed = &mut self.changed[column];
        if changed.is_empty() {
            changed.extend((0..self.rows).map(|i| View::of(old.get(i))));
        }
        changed[row] = value;
    }
    fn set_copy(&mut self, old: &Column, column: usize, row: usize, value: &str) {
        if self.is_changed(column) || old.get(row) != value {
            let view = self.arena.store(value);
            self.set(old, column, row, view);
        }
    }
    fn drop_row(&mut self, row: usize) {
        if self.dropped.is_empty() {
            self.dropped.resize(self.rows, false);
        }
        self.dropped[row] = true;
    }
    fn lists<'a>(&'a self, columns: &[Column<'a>; N]) -> [TextList<'a>; N] {
        core::array::from_fn(|i| {
            if self.is_changed(i) {
                TextList::New(&self.changed[i])
            } else {
                TextList::kept(&columns[i])
            }
        })
    }
    /// The rows that stay.
    fn kept(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows).filter(|&row| !self.dropped[row])
    }
    /// The set values of a row.
    fn values(&self, row: usize) -> impl Iterator<Item = (usize, View)> + '_ {
        (0..N).filter(|&i| self.is_changed(i)).map(move |i| (i, self.changed[i][row]))
    }
}

#[derive(Clone, Copy)]
struct List {
    first: usize,
    count: usize,
}

/// Changes a chunk of channels. Values live until the chunk is given, or are copied (`…_copy`).
pub struct ChannelEditor<'a> {
    batch: &'a ChannelBatch<'a>,
    edits: Edits<{ ChannelBatch::COLUMNS }>,
    media_type: Vec<u8>,
    lists: Vec<List>, // where each row's attributes are, once one was set
    attributes: Vec<(View, View)>,
}

impl<'a> ChannelEditor<'a> {
    pub fn new(batch: &'a ChannelBatch<'a>) -> Self {
        let edits = Edits::new(batch.rows());
        let (media_type, lists, attributes) = (Vec::new(), Vec::new(), Vec::new());
        ChannelEditor { batch, edits, media_type, lists, attributes }
    }
    pub fn batch(&self) -> &'a ChannelBatch<'a> {
        self.batch
    }
    pub fn set(&mut self, field: ChannelField, row: usize, value: &'a str) {
        let (column, old) = (field as usize, self.batch.column(field));
        if self.edits.is_changed(column) || old.get(row) != value {
            self.edits.set(&old, column, row, View::of(value));
        }
    }
    pub fn set_copy(&mut self, field: ChannelField, row: usize, value: &str) {
        self.edits.set_copy(&self.batch.column(field), field as usize, row, value);
    }
    /// Drops a row.
    pub fn drop_row(&mut self, row: usize) {
        self.edits.drop_row(row);
    }
    pub fn set_media_type(&mut self, row: usize, media_type: MediaType) {
        if self.media_type.is_empty() {
            if self.batch.media_type(row) == media_type {
                return;
            }
            self.media_type.extend_from_slice(self.batch.media_type);
        }
        self.media_type[row] = media_type as u8;
    }

    /// Sets or adds an attribute of any row, its key compared without case; an empty value removes
    /// it. Both texts are copied.
    pub fn set_attribute(&mut self, row: usize, key: &str, value: &str) {
        if self.lists.is_empty() {
            self.read_attributes();
        }
        let List { first, count } = self.lists[row];
        let found = (first..first + count)
            .find(|&i| unsafe { self.attributes[i].0.text() }.eq_ignore_ascii_case(key));
        match found {
            Some(i) if value.is_empty() => {
                self.attributes.copy_within(i + 1..first + count, i);
                self.lists[row].count -= 1;
            }
            Some(i) => self.attributes[i].1 = self.edits.arena.store(value),
            None if value.is_empty() => {}
            None => {
                let arena = &mut self.edits.arena;
                let attribute = (arena.store(key), arena.store(value));
                self.add_attribute(row, attribute);
            }
        }
    }
    fn read_attributes(&mut self) {
        for row in 0..self.batch.rows() {
            let range = self.batch.attribute_range(row);
            self.lists.push(List { first: range.start, count: range.len() });
        }
        for i in 0..self.batch.keys.len() {
            let (keys, values) = (&self.batch.keys, &self.batch.values);
            self.attributes.push((View::of(keys.get(i)), View::of(values.get(i))));
        }
    }
    /// A row's list can grow at the end only: it moves there.
    fn add_attribute(&mut self, row: usize, attribute: (View, View)) {
        let List { first, count } = self.lists[row];
        if first + count != self.attributes.len() {
            self.lists[row].first = self.attributes.len();
            self.attributes.extend_from_within(first..first + count);
        }
        self.attributes.push(attribute);
        self.lists[row].count += 1;
    }

    /// Whether the chunk is as it came.
    pub fn is_unchanged(&self) -> bool {
        !self.edits.any() && self.media_type.is_empty() && self.lists.is_empty()
    }

    /// The frame.
    pub fn build(&self) -> Block {
        if !self.edits.dropped.is_empty() {
            return self.build_by_row();
        }
        let batch = self.batch;
        let columns = self.edits.lists(&batch.columns);
        let (mut first, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let own = !self.lists.is_empty();
        if own {
            first.push(0);
            for list in &self.lists {
                for attribute in &self.attributes[list.first..list.first + list.count] {
                    keys.push(attribute.0);
                    values.push(attribute.1);
                }
                first.push(keys.len() as u32);
            }
        }
        let own_media = !self.media_type.is_empty();
        let media_type = if own_media { &self.media_type } else { batch.media_type };
        let choose = |new, old| if own { TextList::New(new) } else { TextList::kept(old) };
        build(
            &[
                Field::Rows(batch.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(batch.source, 2)),
                Field::Numbers(Numbers::of_bytes(media_type, 1)),
                Field::Numbers(Numbers::of_bytes(batch.channel_id, 1)),
                Field::Numbers(if own {
                    Numbers::of_u32(&first)
                } else {
                    Numbers::of_bytes(batch.attribute_first, 4)
                }),
                Field::Column(choose(&keys, &batch.keys)),
                Field::Column(choose(&values, &batch.values)),
                Field::Numbers(Numbers::of_bytes(batch.directive_first, 4)),
                Field::Column(TextList::kept(&batch.directives)),
                Field::Text,
            ],
            batch.text,
        )
    }

    fn build_by_row(&self) -> Block {
        let mut writer = ChannelWriter::new();
        for row in self.edits.kept() {
            if self.lists.is_empty() {
                writer.add(self.batch, row);
            } else {
                writer.add_plain(self.batch, row);
                let list = self.lists[row];
                for attribute in &self.attributes[list.first..list.first + list.count] {
                    writer.add_attribute_views(attribute.0, attribute.1);
                }
            }
            for (column, value) in self.edits.values(row) {
                writer.set_view(column, value);
            }
            match self.media_type.get(row) {
                Some(1) => writer.set_media_type(MediaType::Movie),
                Some(2) => writer.set_media_type(MediaType::Series),
                Some(_) => writer.set_media_type(MediaType::Live),
                None => {}
            }
        }
        writer.build()
    }
}

/// Changes a chunk of programmes. Values live until the chunk is given, or are copied (`…_copy`).
pub struct ProgrammeEditor<'a> {
    batch: &'a ProgrammeBatch<'a>,
    edits: Edits<{ ProgrammeBatch::COLUMNS }>,
}

impl<'a> ProgrammeEditor<'a> {
    pub fn new(batch: &'a ProgrammeBatch<'a>) -> Self {
        ProgrammeEditor { batch, edits: Edits::new(batch.rows()) }
    }
    pub fn batch(&self) -> &'a ProgrammeBatch<'a> {
        self.batch
    }
    pub fn set(&mut self, field: ProgrammeField, row: usize, value: &'a str) {
        let (column, old) = (field as usize, self.batch.column(field));
        if self.edits.is_changed(column) || old.get(row) != value {
            self.edits.set(&old, column, row, View::of(value));
        }
    }
    pub fn set_copy(&mut self, field: ProgrammeField, row: usize, value: &str) {
        self.edits.set_copy(&self.batch.column(field), field as usize, row, value);
    }
    pub fn drop_row(&mut self, row: usize) {
        self.edits.drop_row(row);
    }
    pub fn is_unchanged(&self) -> bool {
        !self.edits.any()
    }
    pub fn build(&self) -> Block {
        let batch = self.batch;
        if !self.edits.dropped.is_empty() {
            let mut writer = ProgrammeWriter::new();
            for row in self.edits.kept() {
                writer.add(batch, row);
                for (column, value) in self.edits.values(row) {
                    writer.set_view(column, value);
                }
            }
            return writer.build();
        }
        let columns = self.edits.lists(&batch.columns);
        build(
            &[
                Field::Rows(batch.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(batch.origin, 4)),
                Field::Numbers(Numbers::of_bytes(batch.source, 2)),
                Field::Text,
            ],
            batch.text,
        )
    }
}
