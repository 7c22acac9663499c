//! Packing a frame.
use super::{common_prefix, common_prefix_at_end, copy_wild, read_number, Head, Region, SLACK};
use crate::batch::{ChannelBatch, ChannelField};
use crate::frame::number;
use alloc::vec::Vec;

const MOST_SHARED: usize = 255; // a byte says how many there are
const EACH: usize = 32; // of that many texts one is looked at
const WORTH: usize = 8; // bytes in common

/// A frame on its way.
#[derive(Clone, Copy)]
struct Frame<'a> {
    bytes: &'a [u8],
    text_begin: usize,
    text_end: usize,
}

impl<'a> Frame<'a> {
    fn of(batch: &ChannelBatch<'a>) -> Self {
        let (bytes, text) = (batch.frame(), batch.frame_text());
        let frame = Frame { bytes, text_begin: bytes.len(), text_end: bytes.len() };
        if text.is_empty() {
            return frame;
        }
        let text_begin = frame.place(text);
        Frame { text_begin, text_end: text_begin + text.len(), ..frame }
    }
    /// Where this part of it is.
    fn place(&self, part: &[u8]) -> usize {
        part.as_ptr() as usize - self.bytes.as_ptr() as usize
    }
    /// How many texts a region has: the vector's size is in front of the offsets.
    fn texts(&self, region: &Region) -> usize {
        number(self.bytes, region.numbers - 4) as usize - 1
    }
    /// Whether the texts it is compared with are there when it is unpacked.
    fn is_before(&self, region: &Region) -> bool {
        if region.is_numbers() || region.first != 0 {
            return true;
        }
        let other = region.numbers.wrapping_add_signed(region.before);
        let last = number(self.bytes, other + 4 * self.texts(region)) as usize;
        self.text_begin + last <= region.begin
    }
    /// Whether texts have so much in common that it is worth looking at each, by a few of them.
    ///
    /// # Safety
    /// The offsets grow and are inside the text.
    unsafe fn pays(&self, region: &Region) -> bool {
        let text = self.bytes.as_ptr().add(self.text_begin);
        let text_size = self.text_end - self.text_begin;
        let offsets = self.bytes.as_ptr().add(region.numbers);
        let before = offsets.wrapping_offset(region.before);
        let (mut common, mut looked_at) = (0, 0);
        for i in (region.first..self.texts(region)).step_by(EACH) {
            let [begin, end] = [4 * i, 4 * i + 4].map(|at| read_number(offsets.add(at)));
            let [other, other_end] =
                [4 * i, 4 * i + 4].map(|at| read_number(before.wrapping_add(at)));
            let most = (end - begin).min(other_end - other);
            let (value, other_value) = (text.add(begin), text.add(other));
            common += if begin.max(other) + most + 16 <= text_size {
                common_prefix(value, other_value, most)
            } else {
                common_prefix_at_end(value, other_value, most)
            };
            looked_at += 1;
        }
        common >= WORTH * looked_at
    }
}

/// The regions of a frame while they are found.
struct Regions<'r, 'a> {
    frame: Frame<'a>,
    list: &'r mut Vec<Region>,
    texts: usize, // in all of them
}

impl Regions<'_, '_> {
    /// # Safety
    /// The frame's offsets grow and are inside its text.
    unsafe fn find(&mut self, batch: &ChannelBatch) {
        self.list.clear();
        let name = batch.column(ChannelField::ChannelName).offsets();
        for (i, column) in batch.columns().iter().enumerate() {
            let offsets = column.offsets();
            // Most tvg-names are the channel's name.
            let is_like_name = i == ChannelField::TvgName as usize && name.len() == offsets.len();
            self.add_texts(offsets, usize::from(!is_like_name), is_like_name.then_some(name));
        }
        let [keys, values] = batch.attribute_columns();
        // A key is mostly the one of the row before.
        let a_row = keys.len().checked_div(batch.rows()).map_or(1, |count| count.max(1));
        self.add_texts(keys.offsets(), a_row, None);
        self.add_texts(values.offsets(), a_row, None);
        self.add_texts(batch.directive_column().offsets(), 1, None);
        self.add_numbers(batch.attribute_offsets());
        self.add_numbers(batch.directive_offsets());
        self.sort();
    }
    fn add_numbers(&mut self, numbers: &[u8]) {
        if numbers.len() >= 8 {
            let (begin, size) = (self.frame.place(numbers), numbers.len());
            self.list.push(Region { begin, size, numbers: 0, first: 0, before: 0 });
        }
    }
    /// Each text is compared with that `distance` before it, or with the one of `other` beside it.
    ///
    /// # Safety
    /// The offsets grow and are inside the frame's text.
    unsafe fn add_texts(&mut self, offsets: &[u8], distance: usize, other: Option<&[u8]>) {
        self.add_numbers(offsets);
        if offsets.len() < 8 {
            return;
        }
        let texts = offsets.len() / 4 - 1;
        let (begin, end) = (number(offsets, 0) as usize, number(offsets, 4 * texts) as usize);
        if begin == end {
            return;
        }
        let numbers = self.frame.place(offsets);
        let before = match other {
            Some(other) => self.frame.place(other) as isize - numbers as isize,
            None => -4 * distance as isize,
        };
        let region = Region {
            begin: self.frame.text_begin + begin,
            size: end - begin,
            numbers,
            first: distance.min(texts),
            before,
        };
        if self.frame.pays(&region) {
            self.texts += texts;
            self.list.push(region);
        }
    }
    /// By their places; of regions that overlap the first stays.
    fn sort(&mut self) {
        self.list.sort_by_key(|region| region.begin);
        let (frame, mut end) = (self.frame, 0);
        self.list.retain(|region| {
            let stays = region.begin >= end && frame.is_before(region);
            if stays {
                end = region.end();
            }
            stays
        });
    }
}

/// Packs frames one after the other, in memory that is used again.
#[derive(Default)]
pub struct Packer {
    regions: Vec<Region>,
    out: Vec<u8>,
}

impl Packer {
    /// The packed frame.
    ///
    /// # Safety
    /// The frame must come from the host or from the SDK.
    pub unsafe fn pack(&mut self, frame: &[u8]) -> &[u8] {
        let batch = ChannelBatch::from_frame(frame);
        let frame = Frame::of(&batch);
        let mut regions = Regions { frame, list: &mut self.regions, texts: 0 };
        regions.find(&batch);
        // At worst everything stays as it is, and each text and each list of numbers has a byte more.
        let a_region = Region::SIZE + 1;
        let most = frame.bytes.len() + regions.texts + a_region * self.regions.len();
        self.out.clear();
        self.out.reserve(Head::SIZE + most + SLACK);
        Head {
            plain_size: frame.bytes.len(),
            regions: self.regions.len(),
            text_begin: frame.text_begin,
            text_end: frame.text_end,
        }
        .put(&mut self.out);
        self.regions.iter().for_each(|region| region.put(&mut self.out));
        self.put_all(&frame);
        self.out.extend_from_slice(&[0; SLACK]);
        &self.out
    }

    /// # Safety
    /// `out` has room for all that it can become, with the slack.
    unsafe fn put_all(&mut self, frame: &Frame) {
        let mut at = 0;
        for region in self.regions.iter().filter(|region| region.is_numbers()) {
            put_outside(frame, at, region.begin, &mut self.out);
            put_numbers(&frame.bytes[region.begin..region.end()], &mut self.out);
            at = region.end();
        }
        put_outside(frame, at, frame.bytes.len(), &mut self.out);
        at = frame.text_begin;
        for region in self.regions.iter().filter(|region| !region.is_numbers()) {
            self.out.extend_from_slice(&frame.bytes[at..region.begin]);
            put_texts(frame, region, &mut self.out);
            at = region.end();
        }
        self.out.extend_from_slice(&frame.bytes[at..frame.text_end]);
    }
}

/// The text of the frame comes later.
fn put_outside(frame: &Frame, mut begin: usize, end: usize, out: &mut Vec<u8>) {
    if begin <= frame.text_begin && frame.text_end <= end {
        out.extend_from_slice(&frame.bytes[begin..frame.text_begin]);
        begin = frame.text_end;
    }
    out.extend_from_slice(&frame.bytes[begin..end]);
}

/// How wide the differences are, the first number, the differences.
fn put_numbers(numbers: &[u8], out: &mut Vec<u8>) {
    let before = numbers.chunks_exact(4);
    let differences = numbers[4..]
        .chunks_exact(4)
        .zip(before)
        .map(|(number_at, before)| number(number_at, 0).wrapping_sub(number(before, 0)));
    let all = differences.clone().fold(0, |all, difference| all | difference);
    let width = if all < 1 << 8 {
        1
    } else if all < 1 << 16 {
        2
    } else {
        4
    };
    out.push(width);
    out.extend_from_slice(&numbers[..4]);
    match width {
        1 => out.extend(differences.map(|difference| difference as u8)),
        2 => {
            let begin = out.len();
            out.resize(begin + numbers.len() / 2 - 2, 0);
            for (to, difference) in out[begin..].chunks_exact_mut(2).zip(differences) {
                to.copy_from_slice(&(difference as u16).to_le_bytes());
            }
        }
        _ => out.extend_from_slice(&numbers[4..]),
    }
}

/// For each text how many bytes it has in common with the one it is compared with, then the rest of
/// each.
///
/// # Safety
/// The frame's offsets grow and are inside its text, and `out` has room for a byte of each text, the
/// region and the slack.
unsafe fn put_texts(frame: &Frame, region: &Region, out: &mut Vec<u8>) {
    let texts = frame.texts(region);
    let text = frame.bytes.as_ptr().add(frame.text_begin);
    let text_size = frame.text_end - frame.text_begin;
    let offsets = frame.bytes.as_ptr().add(region.numbers);
    let before = offsets.wrapping_offset(region.before);
    let shared = out.as_mut_ptr().add(out.len());
    let mut to = shared.add(texts);
    let mut begin = read_number(offsets);
    for i in 0..texts {
        let end = read_number(offsets.add(4 * i + 4));
        let (value, size) = (text.add(begin), end - begin);
        let (mut most, mut other) = (0, value);
        if i >= region.first {
            let other_begin = read_number(before.wrapping_add(4 * i));
            let other_size = read_number(before.wrapping_add(4 * i + 4)) - other_begin;
            most = size.min(other_size).min(MOST_SHARED);
            other = text.add(other_begin);
        }
        // SAFETY: the text it is compared with is in front of it, so has as much behind it.
        let common = if end + 16 <= text_size {
            let common = common_prefix(value, other, most);
            copy_wild(to, value.add(common), size - common);
            common
        } else {
            let common = common_prefix_at_end(value, other, most);
            to.copy_from_nonoverlapping(value.add(common), size - common);
            common
        };
        *shared.add(i) = common as u8;
        to = to.add(size - common);
        begin = end;
    }
    out.set_len(to.offset_from(out.as_ptr()) as usize);
}
