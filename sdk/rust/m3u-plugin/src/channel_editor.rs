//! ChannelEditor: a chunk of channels that is changed.
use crate::batch::{ChannelBatch, ChannelField, MediaType};
use crate::edits::{entries_of, Edits};
use crate::frame::{copy_runs, count_of, Numbers, Run, TextList, View};
use crate::frame_writer::{build, Field};
use crate::memory::Block;
use alloc::vec::Vec;

/// The attributes of all rows, as they will be.
struct Attributes {
    first: Vec<u32>,
    keys: Vec<View>,
    values: Vec<View>,
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

    fn own_media_type(&self) -> &[u8] {
        if self.media_type.is_empty() {
            self.batch.media_type
        } else {
            &self.media_type
        }
    }
    /// The attributes of these rows, once one was set.
    fn own_attributes(&self, rows: &[Run]) -> Option<Attributes> {
        if self.lists.is_empty() {
            return None;
        }
        let mut own = Attributes { first: Vec::new(), keys: Vec::new(), values: Vec::new() };
        own.first.push(0);
        for list in rows.iter().flat_map(|run| &self.lists[run.clone()]) {
            for attribute in &self.attributes[list.first..list.first + list.count] {
                own.keys.push(attribute.0);
                own.values.push(attribute.1);
            }
            own.first.push(own.keys.len() as u32);
        }
        Some(own)
    }

    /// The frame.
    pub fn build(&self) -> Block {
        if !self.edits.dropped.is_empty() {
            return self.build_kept();
        }
        let batch = self.batch;
        let columns = self.edits.lists(&batch.columns);
        let own = self.own_attributes(core::slice::from_ref(&(0..batch.rows())));
        let (first, keys, values) = match &own {
            Some(own) => {
                (Numbers::of_u32(&own.first), TextList::New(&own.keys), TextList::New(&own.values))
            }
            None => (
                Numbers::of_bytes(batch.attribute_first, 4),
                TextList::kept(&batch.keys),
                TextList::kept(&batch.values),
            ),
        };
        build(
            &[
                Field::Rows(batch.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(batch.source, 2)),
                Field::Numbers(Numbers::of_bytes(self.own_media_type(), 1)),
                Field::Numbers(Numbers::of_bytes(batch.channel_id, 1)),
                Field::Numbers(first),
                Field::Column(keys),
                Field::Column(values),
                Field::Numbers(Numbers::of_bytes(batch.directive_first, 4)),
                Field::Column(TextList::kept(&batch.directives)),
                Field::Text,
            ],
            batch.text,
        )
    }

    /// Without the rows that were dropped; what stays is copied by runs of neighbours.
    fn build_kept(&self) -> Block {
        let batch = self.batch;
        let kept = self.edits.kept_rows();
        let set = self.edits.kept_values(&kept);
        let columns = self.edits.kept_lists(&batch.columns, &kept, &set);
        let source = copy_runs(batch.source, 2, &kept);
        let media_type = copy_runs(self.own_media_type(), 1, &kept);
        let id_width = if batch.channel_id.is_empty() { 0 } else { 16 };
        let channel_id = copy_runs(batch.channel_id, id_width, &kept);
        let own = self.own_attributes(&kept);
        let (attributes, attribute_first) = match &own {
            Some(_) => Default::default(),
            None => entries_of(batch.attribute_first, &kept),
        };
        let (first, keys, values) = match &own {
            Some(own) => {
                (Numbers::of_u32(&own.first), TextList::New(&own.keys), TextList::New(&own.values))
            }
            None => (
                Numbers::of_u32(&attribute_first),
                TextList::Runs(batch.keys, &attributes),
                TextList::Runs(batch.values, &attributes),
            ),
        };
        let (directives, directive_first) = entries_of(batch.directive_first, &kept);
        build(
            &[
                Field::Rows(count_of(&kept)),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(&source, 2)),
                Field::Numbers(Numbers::of_bytes(&media_type, 1)),
                Field::Numbers(Numbers::of_bytes(&channel_id, 1)),
                Field::Numbers(first),
                Field::Column(keys),
                Field::Column(values),
                Field::Numbers(Numbers::of_u32(&directive_first)),
                Field::Column(TextList::Runs(batch.directives, &directives)),
                Field::Text,
            ],
            "",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the host gives rows ids, so this frame is put together by hand.
    #[test]
    fn ids_stay_with_their_rows() {
        let ids: Vec<u8> = (0..3 * 16).collect();
        let texts = [View::of("a"), View::of("b"), View::of("c")];
        let none = TextList::New(&[]);
        let first = Numbers::of_u32(&[0; 4]);
        let columns = [TextList::New(&texts); ChannelBatch::COLUMNS];
        let frame = build(
            &[
                Field::Rows(3),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_u16(&[1, 2, 3])),
                Field::Numbers(Numbers::of_bytes(&[0; 3], 1)),
                Field::Numbers(Numbers::of_bytes(&ids, 1)),
                Field::Numbers(first),
                Field::Column(none),
                Field::Column(none),
                Field::Numbers(first),
                Field::Column(none),
                Field::Text,
            ],
            "",
        );
        let batch = unsafe { ChannelBatch::from_frame(frame.bytes()) };
        let mut editor = ChannelEditor::new(&batch);
        editor.drop_row(1);
        let edited = editor.build();
        let edited = unsafe { ChannelBatch::from_frame(edited.bytes()) };
        assert_eq!((edited.rows(), edited.name(1), edited.source(1)), (2, "c", 3));
        assert_eq!((edited.id(0), edited.id(1)), (&ids[..16], &ids[32..]));
        editor.drop_row(0);
        editor.drop_row(2);
        let empty = editor.build();
        assert_eq!(unsafe { ChannelBatch::from_frame(empty.bytes()) }.rows(), 0);
    }
}
