//! Chunks that are made row by row.
use crate::batch::{
    Attribute, ChannelBatch, ChannelField, MediaType, ProgrammeBatch, ProgrammeField, NEW_PROGRAMME,
};
use crate::frame::{Numbers, TextList, View};
use crate::frame_writer::{build, copy_short, Field};
use crate::memory::Block;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;

/// Copies of texts that live as long as this.
#[derive(Default)]
pub(crate) struct Arena {
    blocks: Vec<Box<[u8]>>,
    used: usize,
}

impl Arena {
    const BLOCK: usize = 8192;

    pub fn store(&mut self, text: &str) -> View {
        let room = self.blocks.last().map_or(0, |block| block.len() - self.used);
        if text.len() > room {
            self.blocks.push(alloc::vec![0; text.len().max(Self::BLOCK)].into_boxed_slice());
            self.used = 0;
        }
        let Some(block) = self.blocks.last_mut() else { return View::EMPTY };
        let to = &mut block[self.used..self.used + text.len()];
        unsafe { copy_short(to.as_mut_ptr(), text.as_ptr(), text.len()) };
        self.used += text.len();
        // Boxes do not move their bytes.
        View::of(unsafe { core::str::from_utf8_unchecked(to) })
    }
}

/// Makes a chunk of channels row by row: rows of any chunks in any order, new ones, or both. What
/// follows `add` and `add_new` is about that row. Texts live until the chunk is given, or are copied
/// (`…_copy`).
#[derive(Default)]
pub struct ChannelWriter<'a> {
    columns: [Vec<View>; ChannelBatch::COLUMNS],
    source: Vec<u16>,
    media_type: Vec<u8>,
    channel_id: Vec<u8>,
    attribute_first: Vec<u32>,
    keys: Vec<View>,
    values: Vec<View>,
    directive_first: Vec<u32>,
    directives: Vec<View>,
    arena: Arena,
    texts: PhantomData<&'a str>,
}

impl<'a> ChannelWriter<'a> {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn rows(&self) -> usize {
        self.source.len()
    }
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// A row as it came in.
    pub fn add(&mut self, from: &ChannelBatch<'a>, row: usize) {
        self.start();
        for (column, source) in self.columns.iter_mut().zip(&from.columns) {
            column.push(View::of(source.get(row)));
        }
        self.close(from.source(row), from.media_type(row), from.id(row));
        for line in from.directives(row) {
            self.add_directive(line);
        }
        for attribute in from.attributes(row) {
            self.add_attribute(attribute);
        }
    }
    /// An empty row; the host makes its id.
    pub fn add_new(&mut self, source: u16) {
        self.start();
        for column in &mut self.columns {
            column.push(View::EMPTY);
        }
        self.close(source, MediaType::Live, &[]);
    }

    pub fn set(&mut self, field: ChannelField, value: &'a str) {
        self.set_view(field as usize, View::of(value));
    }
    pub fn set_copy(&mut self, field: ChannelField, value: &str) {
        let view = self.arena.store(value);
        self.set_view(field as usize, view);
    }
    fn set_view(&mut self, column: usize, value: View) {
        let row = self.rows() - 1;
        self.columns[column][row] = value;
    }
    pub fn set_media_type(&mut self, media_type: MediaType) {
        let row = self.rows() - 1;
        self.media_type[row] = media_type as u8;
    }
    /// Sets or adds an attribute, its key compared without case; an empty value removes it. Both
    /// texts are copied.
    pub fn set_attribute(&mut self, key: &str, value: &str) {
        let first = self.attribute_first[self.rows() - 1] as usize;
        let found = (first..self.keys.len())
            .find(|&i| unsafe { self.keys[i].text() }.eq_ignore_ascii_case(key));
        match found {
            Some(i) if value.is_empty() => {
                self.keys.remove(i);
                self.values.remove(i);
                self.end_attributes();
            }
            Some(i) => self.values[i] = self.arena.store(value),
            None if value.is_empty() => {}
            None => {
                let (key, value) = (self.arena.store(key), self.arena.store(value));
                self.add_attribute_views(key, value);
            }
        }
    }
    pub fn add_attribute(&mut self, attribute: Attribute<'a>) {
        self.add_attribute_views(View::of(attribute.key), View::of(attribute.value));
    }
    fn add_attribute_views(&mut self, key: View, value: View) {
        self.keys.push(key);
        self.values.push(value);
        self.end_attributes();
    }
    fn end_attributes(&mut self) {
        let row = self.rows();
        self.attribute_first[row] = self.keys.len() as u32;
    }
    pub fn add_directive(&mut self, line: &'a str) {
        self.directives.push(View::of(line));
        let row = self.rows();
        self.directive_first[row] = self.directives.len() as u32;
    }

    /// The lists of rows begin at 0.
    fn start(&mut self) {
        if self.attribute_first.is_empty() {
            self.attribute_first.push(0);
            self.directive_first.push(0);
        }
    }
    fn close(&mut self, source: u16, media_type: MediaType, id: &[u8]) {
        self.source.push(source);
        self.media_type.push(media_type as u8);
        // There are no ids until a row has one; rows without one have 16 zero bytes.
        if !id.is_empty() || !self.channel_id.is_empty() {
            self.channel_id.resize(16 * (self.rows() - 1), 0);
            self.channel_id.extend_from_slice(id);
            self.channel_id.resize(16 * self.rows(), 0);
        }
        self.attribute_first.push(self.keys.len() as u32);
        self.directive_first.push(self.directives.len() as u32);
    }

    /// The frame.
    pub fn build(&mut self) -> Block {
        self.start();
        let columns: [TextList; ChannelBatch::COLUMNS] =
            core::array::from_fn(|i| TextList::New(&self.columns[i]));
        build(
            &[
                Field::Rows(self.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_u16(&self.source)),
                Field::Numbers(Numbers::of_bytes(&self.media_type, 1)),
                Field::Numbers(Numbers::of_bytes(&self.channel_id, 1)),
                Field::Numbers(Numbers::of_u32(&self.attribute_first)),
                Field::Column(TextList::New(&self.keys)),
                Field::Column(TextList::New(&self.values)),
                Field::Numbers(Numbers::of_u32(&self.directive_first)),
                Field::Column(TextList::New(&self.directives)),
                Field::Text,
            ],
            "",
        )
    }
}

/// Makes a chunk of programmes row by row; see [`ChannelWriter`].
#[derive(Default)]
pub struct ProgrammeWriter<'a> {
    columns: [Vec<View>; ProgrammeBatch::COLUMNS],
    origin: Vec<u32>,
    source: Vec<u16>,
    arena: Arena,
    texts: PhantomData<&'a str>,
}

impl<'a> ProgrammeWriter<'a> {
    pub fn new() -> Self {
        Self::default()
    }
    pub fn rows(&self) -> usize {
        self.source.len()
    }
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }
    pub fn add(&mut self, from: &ProgrammeBatch<'a>, row: usize) {
        for (column, source) in self.columns.iter_mut().zip(&from.columns) {
            column.push(View::of(source.get(row)));
        }
        self.origin.push(from.origin(row));
        self.source.push(from.source(row));
    }
    /// An empty row; it needs a channel, a title and a start, or an element.
    pub fn add_new(&mut self, source: u16) {
        for column in &mut self.columns {
            column.push(View::EMPTY);
        }
        self.origin.push(NEW_PROGRAMME);
        self.source.push(source);
    }
    pub fn set(&mut self, field: ProgrammeField, value: &'a str) {
        self.set_view(field as usize, View::of(value));
    }
    pub fn set_copy(&mut self, field: ProgrammeField, value: &str) {
        let view = self.arena.store(value);
        self.set_view(field as usize, view);
    }
    fn set_view(&mut self, column: usize, value: View) {
        let row = self.rows() - 1;
        self.columns[column][row] = value;
    }
    pub fn build(&self) -> Block {
        let columns: [TextList; ProgrammeBatch::COLUMNS] =
            core::array::from_fn(|i| TextList::New(&self.columns[i]));
        build(
            &[
                Field::Rows(self.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_u32(&self.origin)),
                Field::Numbers(Numbers::of_u16(&self.source)),
                Field::Text,
            ],
            "",
        )
    }
}
