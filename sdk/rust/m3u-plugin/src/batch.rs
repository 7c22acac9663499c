//! Reading frames: all that is given are views into them.
use crate::frame::{self, Table};
use crate::search::Finder;
use alloc::vec::Vec;
use core::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChannelField {
    ChannelName,
    TvgId,
    TvgName,
    TvgLogo,
    TvgShift,
    TvgChno,
    GroupTitle,
    StreamUrl,
    /// Of the `#EXTINF` line.
    Duration,
}

impl ChannelField {
    /// All fields, in the order of a batch's columns.
    pub const ALL: [ChannelField; ChannelBatch::COLUMNS] = [
        ChannelField::ChannelName,
        ChannelField::TvgId,
        ChannelField::TvgName,
        ChannelField::TvgLogo,
        ChannelField::TvgShift,
        ChannelField::TvgChno,
        ChannelField::GroupTitle,
        ChannelField::StreamUrl,
        ChannelField::Duration,
    ];
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgrammeField {
    ChannelId,
    Title,
    Subtitle,
    Description,
    Category,
    Icon,
    EpisodeNum,
    SeasonNum,
    Language,
    Rating,
    Start,
    Stop,
    /// The whole `<programme>`.
    Element,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaType {
    Live,
    Movie,
    Series,
}

impl MediaType {
    fn from_number(number: u8) -> MediaType {
        match number {
            1 => MediaType::Movie,
            2 => MediaType::Series,
            _ => MediaType::Live,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attribute<'a> {
    pub key: &'a str,
    pub value: &'a str,
}

/// The origin of a programme that is new.
pub const NEW_PROGRAMME: u32 = u32::MAX;

/// The values of one field of all rows, which are side by side in the frame's text.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    text: &'a str,
    offsets: &'a [u8], // four bytes each, one more than there are rows
}

impl<'a> Column<'a> {
    pub(crate) fn new(text: &'a str, offsets: &'a [u8]) -> Self {
        Column { text, offsets }
    }
    pub fn len(&self) -> usize {
        (self.offsets.len() / 4).saturating_sub(1)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub(crate) fn offset(&self, index: usize) -> usize {
        frame::number(self.offsets, 4 * index) as usize
    }
    /// Where each value begins in the text of the batch, and last where they end: numbers of four
    /// bytes, the lowest first. For plugins that store chunks.
    pub fn offsets(&self) -> &'a [u8] {
        self.offsets
    }
    pub fn get(&self, row: usize) -> &'a str {
        self.part(self.offset(row), self.offset(row + 1))
    }
    /// All values, one right behind the other.
    pub fn all(&self) -> &'a str {
        if self.is_empty() {
            return "";
        }
        self.part(self.offset(0), self.offset(self.len()))
    }
    /// The bytes of these rows' values, one right behind the other.
    pub(crate) fn values(&self, rows: Range<usize>) -> &'a [u8] {
        &self.text.as_bytes()[self.offset(rows.start)..self.offset(rows.end)]
    }
    fn part(&self, from: usize, to: usize) -> &'a str {
        let bytes = &self.text.as_bytes()[from..to];
        // The host verifies values one by one, so both ends are those of characters.
        unsafe { core::str::from_utf8_unchecked(bytes) }
    }

    /// Calls `found(row)`, in order, for each row whose value has the ASCII word in it, without
    /// regard to case: what the rules' `contains` finds. Much faster than looking at each row.
    pub fn rows_containing(&self, word: &str, mut found: impl FnMut(usize)) {
        if word.is_empty() {
            (0..self.len()).for_each(found);
        } else if self.has_other_letters() {
            for row in 0..self.len() {
                let folded = folded(self.get(row).as_bytes());
                if Finder::new(word.as_bytes()).find(&folded, 0).is_some() {
                    found(row);
                }
            }
        } else if !self.is_empty() {
            self.search(word.as_bytes(), &mut found);
        }
    }

    fn has_other_letters(&self) -> bool {
        let all = self.all().as_bytes();
        Finder::new(LONG_S).find(all, 0).is_some() || Finder::new(KELVIN).find(all, 0).is_some()
    }

    fn search(&self, word: &[u8], found: &mut impl FnMut(usize)) {
        let finder = Finder::new(word);
        let text = self.all().as_bytes();
        let base = self.offset(0);
        let mut row = 0;
        let mut next = finder.find(text, 0);
        while let Some(at) = next {
            while self.offset(row + 1) - base <= at {
                row += 1;
            }
            let row_end = self.offset(row + 1) - base;
            let inside = at + word.len() <= row_end;
            if inside {
                found(row);
            }
            next = finder.find(text, if inside { row_end } else { at + 1 });
        }
    }
}

// Two letters beyond ASCII are the same as ASCII ones where case does not count.
const LONG_S: &[u8] = "\u{17f}".as_bytes();
const KELVIN: &[u8] = "\u{212a}".as_bytes();

fn folded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if rest.starts_with(LONG_S) {
            out.push(b's');
            rest = &rest[LONG_S.len()..];
        } else if rest.starts_with(KELVIN) {
            out.push(b'k');
            rest = &rest[KELVIN.len()..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// A chunk of channels as it came in.
#[derive(Clone, Debug)]
pub struct ChannelBatch<'a> {
    pub(crate) frame: &'a [u8],
    pub(crate) text: &'a str,
    rows: usize,
    pub(crate) columns: [Column<'a>; ChannelBatch::COLUMNS],
    pub(crate) source: &'a [u8],
    pub(crate) media_type: &'a [u8],
    pub(crate) channel_id: &'a [u8],
    pub(crate) attribute_first: &'a [u8],
    pub(crate) keys: Column<'a>,
    pub(crate) values: Column<'a>,
    pub(crate) directive_first: &'a [u8],
    pub(crate) directives: Column<'a>,
}

impl<'a> ChannelBatch<'a> {
    pub const COLUMNS: usize = 9;

    /// Reads a frame.
    ///
    /// # Safety
    /// It must come from the host or from this crate: its values have to be UTF-8.
    pub unsafe fn from_frame(frame: &'a [u8]) -> Self {
        let root = Table::root(frame);
        let text = core::str::from_utf8_unchecked(root.vector(10, 1));
        ChannelBatch {
            frame,
            text,
            rows: root.number(0) as usize,
            columns: core::array::from_fn(|i| Column::new(text, root.column_of(1, i))),
            source: root.vector(2, 2),
            media_type: root.vector(3, 1),
            channel_id: root.vector(4, 1),
            attribute_first: root.vector(5, 4),
            keys: Column::new(text, root.column(6)),
            values: Column::new(text, root.column(7)),
            directive_first: root.vector(8, 4),
            directives: Column::new(text, root.column(9)),
        }
    }

    /// The whole frame, as it came.
    pub fn frame(&self) -> &'a [u8] {
        self.frame
    }
    /// The part of it that the columns' values are in.
    pub fn frame_text(&self) -> &'a [u8] {
        self.text.as_bytes()
    }
    pub fn rows(&self) -> usize {
        self.rows
    }
    /// All columns, in the order of [`ChannelField`].
    pub fn columns(&self) -> &[Column<'a>; ChannelBatch::COLUMNS] {
        &self.columns
    }
    pub fn column(&self, field: ChannelField) -> Column<'a> {
        self.columns[field as usize]
    }
    pub fn text(&self, field: ChannelField, row: usize) -> &'a str {
        self.columns[field as usize].get(row)
    }
    pub fn name(&self, row: usize) -> &'a str {
        self.text(ChannelField::ChannelName, row)
    }
    pub fn tvg_id(&self, row: usize) -> &'a str {
        self.text(ChannelField::TvgId, row)
    }
    pub fn number(&self, row: usize) -> &'a str {
        self.text(ChannelField::TvgChno, row)
    }
    pub fn group(&self, row: usize) -> &'a str {
        self.text(ChannelField::GroupTitle, row)
    }
    pub fn url(&self, row: usize) -> &'a str {
        self.text(ChannelField::StreamUrl, row)
    }
    /// Index into the context's sources.
    pub fn source(&self, row: usize) -> u16 {
        u16::from_le_bytes([self.source[2 * row], self.source[2 * row + 1]])
    }
    pub fn media_type(&self, row: usize) -> MediaType {
        MediaType::from_number(self.media_type[row])
    }
    /// The channel's 16 bytes, or nothing where ids are not needed.
    pub fn id(&self, row: usize) -> &'a [u8] {
        if self.channel_id.is_empty() {
            return &[];
        }
        &self.channel_id[16 * row..16 * row + 16]
    }

    fn range(first: &[u8], row: usize) -> Range<usize> {
        frame::number(first, 4 * row) as usize..frame::number(first, 4 * row + 4) as usize
    }
    pub(crate) fn attribute_range(&self, row: usize) -> Range<usize> {
        Self::range(self.attribute_first, row)
    }
    /// The attributes that have no field of their own, in order.
    pub fn attributes(&self, row: usize) -> impl Iterator<Item = Attribute<'a>> {
        let (keys, values) = (self.keys, self.values);
        self.attribute_range(row).map(move |i| Attribute { key: keys.get(i), value: values.get(i) })
    }
    /// The keys and the values of all attributes.
    pub fn attribute_columns(&self) -> [Column<'a>; 2] {
        [self.keys, self.values]
    }
    /// Where each row's attributes begin, and last where they end: numbers of four bytes.
    pub fn attribute_offsets(&self) -> &'a [u8] {
        self.attribute_first
    }
    /// The value of an attribute, its key compared without case.
    pub fn attribute(&self, row: usize, key: &str) -> Option<&'a str> {
        self.attributes(row).find(|a| a.key.eq_ignore_ascii_case(key)).map(|a| a.value)
    }
    /// Lines that belong to the entry, in order.
    pub fn directives(&self, row: usize) -> impl Iterator<Item = &'a str> {
        let lines = self.directives;
        Self::range(self.directive_first, row).map(move |i| lines.get(i))
    }
    /// All lines.
    pub fn directive_column(&self) -> Column<'a> {
        self.directives
    }
    /// Where each row's lines begin, and last where they end: numbers of four bytes.
    pub fn directive_offsets(&self) -> &'a [u8] {
        self.directive_first
    }
}

/// A chunk of programmes as it came in.
#[derive(Clone, Debug)]
pub struct ProgrammeBatch<'a> {
    pub(crate) frame: &'a [u8],
    pub(crate) text: &'a str,
    rows: usize,
    pub(crate) columns: [Column<'a>; ProgrammeBatch::COLUMNS],
    pub(crate) origin: &'a [u8],
    pub(crate) source: &'a [u8],
}

impl<'a> ProgrammeBatch<'a> {
    pub const COLUMNS: usize = 13;

    /// Reads a frame.
    ///
    /// # Safety
    /// It must come from the host or from this crate: its values have to be UTF-8.
    pub unsafe fn from_frame(frame: &'a [u8]) -> Self {
        let root = Table::root(frame);
        let text = core::str::from_utf8_unchecked(root.vector(4, 1));
        ProgrammeBatch {
            frame,
            text,
            rows: root.number(0) as usize,
            columns: core::array::from_fn(|i| Column::new(text, root.column_of(1, i))),
            origin: root.vector(2, 4),
            source: root.vector(3, 2),
        }
    }

    /// The whole frame, as it came.
    pub fn frame(&self) -> &'a [u8] {
        self.frame
    }
    pub fn rows(&self) -> usize {
        self.rows
    }
    pub fn column(&self, field: ProgrammeField) -> Column<'a> {
        self.columns[field as usize]
    }
    pub fn text(&self, field: ProgrammeField, row: usize) -> &'a str {
        self.columns[field as usize].get(row)
    }
    pub fn title(&self, row: usize) -> &'a str {
        self.text(ProgrammeField::Title, row)
    }
    /// The whole `<programme>` element.
    pub fn element(&self, row: usize) -> &'a str {
        self.text(ProgrammeField::Element, row)
    }
    /// Which row this is of all that were given since `begin`, from 0.
    pub fn origin(&self, row: usize) -> u32 {
        frame::number(self.origin, 4 * row)
    }
    /// Index of the EPG source.
    pub fn source(&self, row: usize) -> u16 {
        u16::from_le_bytes([self.source[2 * row], self.source[2 * row + 1]])
    }
}
