//! Unpacking a frame.
use super::{copy_wild, read_number, Head, Region};
use crate::memory::Buffer;

/// The frame that was packed.
///
/// # Safety
/// It must be what a [`Packer`] made.
pub unsafe fn unpack(packed: &[u8]) -> Buffer {
    let head = Head::read(packed);
    let mut frame = Buffer::of_size(head.plain_size);
    let (regions, rest) = packed[Head::SIZE..].split_at(head.regions * Region::SIZE);
    let to = frame.as_mut_ptr();
    Unpacker { head, regions, from: rest, frame: to }.unpack();
    frame
}

/// Writes each byte of the frame once or, behind a text, more than once.
struct Unpacker<'a> {
    head: Head,
    regions: &'a [u8],
    from: &'a [u8],
    frame: *mut u8,
}

impl<'a> Unpacker<'a> {
    unsafe fn unpack(mut self) {
        let regions = self.regions.chunks_exact(Region::SIZE).map(Region::read);
        let mut at = 0;
        for region in regions.clone().filter(Region::is_numbers) {
            self.take_outside(at, region.begin);
            self.take_numbers(&region);
            at = region.end();
        }
        self.take_outside(at, self.head.plain_size);
        at = self.head.text_begin;
        for region in regions.filter(|region| !region.is_numbers()) {
            self.take_plain(at, region.begin);
            self.take_texts(&region);
            at = region.end();
        }
        self.take_plain(at, self.head.text_end);
    }

    fn take(&mut self, size: usize) -> &'a [u8] {
        let (taken, rest) = self.from.split_at(size);
        self.from = rest;
        taken
    }
    unsafe fn take_plain(&mut self, begin: usize, end: usize) {
        let bytes = self.take(end - begin);
        self.frame.add(begin).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
    }
    unsafe fn take_outside(&mut self, mut begin: usize, end: usize) {
        if begin <= self.head.text_begin && self.head.text_end <= end {
            self.take_plain(begin, self.head.text_begin);
            begin = self.head.text_end;
        }
        self.take_plain(begin, end);
    }

    unsafe fn take_numbers(&mut self, region: &Region) {
        let width = self.take(1)[0];
        self.take_plain(region.begin, region.begin + 4);
        let to = self.frame.add(region.begin);
        let count = region.size / 4 - 1;
        match width {
            1 => add_up(to, self.take(count).iter().map(|byte| u32::from(*byte))),
            2 => {
                let differences = self.take(2 * count).chunks_exact(2);
                add_up(to, differences.map(|d| u32::from(u16::from_le_bytes([d[0], d[1]]))));
            }
            _ => self.take_plain(region.begin + 4, region.end()),
        }
    }

    /// # Safety
    /// The offsets are there, and the texts that these are compared with.
    unsafe fn take_texts(&mut self, region: &Region) {
        let text = self.frame.add(self.head.text_begin);
        let text_size = self.head.text_end - self.head.text_begin;
        let offsets = self.frame.add(region.numbers).cast_const();
        let before = offsets.wrapping_offset(region.before);
        let texts = read_number(offsets.sub(4)) - 1; // the vector's size is in front of it
        let shared = self.take(texts);
        let mut from = self.from.as_ptr();
        let mut begin = read_number(offsets);
        for (i, &common) in shared.iter().enumerate() {
            let common = usize::from(common);
            let end = read_number(offsets.add(4 * i + 4));
            let (value, rest) = (text.add(begin), end - begin - common);
            let other =
                if common == 0 { value } else { text.add(read_number(before.wrapping_add(4 * i))) };
            // SAFETY: there is slack behind what is packed; what is written beyond a value is
            // inside the text, and is written again later.
            if end + 16 <= text_size {
                copy_wild(value, other, common);
                copy_wild(value.add(common), from, rest);
            } else {
                value.copy_from(other, common);
                value.add(common).copy_from_nonoverlapping(from, rest);
            }
            from = from.add(rest);
            begin = end;
        }
        let taken = from.offset_from(self.from.as_ptr());
        self.take(taken as usize);
    }
}

/// Puts numbers behind the first, which is there.
///
/// # Safety
/// There is room for one of each difference.
#[inline(always)]
unsafe fn add_up(first: *mut u8, differences: impl Iterator<Item = u32>) {
    let mut to = first.cast::<u32>();
    let mut number = u32::from_le(to.read_unaligned());
    for difference in differences {
        number = number.wrapping_add(difference);
        to = to.add(1);
        to.write_unaligned(number.to_le());
    }
}
