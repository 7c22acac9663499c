//! Packed frames: chunks of channels, a third to a half as large, in a fraction of the time that a
//! general compressor takes. It knows what is in a frame: offsets that grow by a little, and columns
//! of texts of which most begin as the one before (front coding). What comes out of `unpack` is the
//! frame that went in, byte for byte. Its own format, for its own data only; `unpack` trusts it.
//!
//! A packed frame: the head, its regions in the order of their places, then what each piece of the
//! frame became in the order in which `unpack` needs it: first what is outside the text, then the
//! text.
mod pack;
#[cfg(test)]
mod tests;
mod unpack;

use crate::frame::number;
use alloc::vec::Vec;
pub(crate) use pack::Packer;
pub(crate) use unpack::unpack;

const SLACK: usize = 16; // bytes that may be read beyond what is packed

pub(super) fn put_words(out: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

/// A part of the frame that is not kept as it is: numbers, or the texts of one list.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) begin: usize, // in the frame
    pub(super) size: usize,  // bytes
    /// Of texts: where the offsets are in the frame; else 0.
    pub(super) numbers: usize,
    /// Of texts: how many there are before the first that is compared; 0 where each is compared with
    /// one of another list.
    pub(super) first: usize,
    /// Of texts: bytes from an offset to that of the text it is compared with.
    pub(super) before: isize,
}

impl Region {
    pub(super) const SIZE: usize = 20;

    pub(super) fn is_numbers(&self) -> bool {
        self.numbers == 0
    }
    pub(super) fn end(&self) -> usize {
        self.begin + self.size
    }
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let [begin, size, numbers] = [self.begin, self.size, self.numbers].map(|n| n as u32);
        put_words(out, &[begin, size, numbers, self.first as u32, self.before as i32 as u32]);
    }
    pub(super) fn read(bytes: &[u8]) -> Self {
        let word = |index: usize| number(bytes, 4 * index);
        Region {
            begin: word(0) as usize,
            size: word(1) as usize,
            numbers: word(2) as usize,
            first: word(3) as usize,
            before: word(4) as i32 as isize,
        }
    }
}

pub(super) struct Head {
    pub(super) plain_size: usize,
    pub(super) regions: usize,
    pub(super) text_begin: usize, // in the frame
    pub(super) text_end: usize,
}

impl Head {
    pub(super) const SIZE: usize = 16;

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let words = [self.plain_size, self.regions, self.text_begin, self.text_end];
        put_words(out, &words.map(|n| n as u32));
    }
    pub(super) fn read(bytes: &[u8]) -> Self {
        let word = |index: usize| number(bytes, 4 * index) as usize;
        Head { plain_size: word(0), regions: word(1), text_begin: word(2), text_end: word(3) }
    }
}

/// Sixteen bytes at a time, at any address.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod sixteen {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, v128_load, v128_store};

    /// # Safety
    /// 16 bytes can be read and written.
    #[inline(always)]
    pub unsafe fn copy(to: *mut u8, from: *const u8) {
        v128_store(to.cast(), v128_load(from.cast()));
    }
    /// One bit for each byte that is not the same.
    ///
    /// # Safety
    /// 16 bytes of both can be read.
    #[inline(always)]
    pub unsafe fn differing(a: *const u8, b: *const u8) -> u16 {
        !u8x16_bitmask(u8x16_eq(v128_load(a.cast()), v128_load(b.cast())))
    }
}
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod sixteen {
    use core::mem::MaybeUninit;

    /// # Safety
    /// 16 bytes can be read and written.
    pub unsafe fn copy(to: *mut u8, from: *const u8) {
        let bytes: MaybeUninit<[u8; 16]> = from.cast::<MaybeUninit<_>>().read_unaligned();
        to.cast::<MaybeUninit<_>>().write_unaligned(bytes);
    }
    /// One bit for each byte that is not the same.
    ///
    /// # Safety
    /// 16 bytes of both can be read.
    pub unsafe fn differing(a: *const u8, b: *const u8) -> u16 {
        (0..16).fold(0, |bits, i| bits | u16::from(*a.add(i) != *b.add(i)) << i)
    }
}

/// Copies 16 bytes at a time, and the first 16 in any case.
///
/// # Safety
/// 16 bytes more than `size` can be read and written, and `from` is at least `size` bytes before
/// `to` or apart from it.
#[inline(always)]
pub(super) unsafe fn copy_wild(to: *mut u8, from: *const u8, size: usize) {
    sixteen::copy(to, from);
    let mut at = 16;
    while at < size {
        sixteen::copy(to.add(at), from.add(at));
        at += 16;
    }
}

/// How many of the first `most` bytes are the same.
///
/// # Safety
/// 16 bytes more than `most` of both can be read.
#[inline(always)]
pub(super) unsafe fn common_prefix(a: *const u8, b: *const u8, most: usize) -> usize {
    let mut at = 0;
    while at < most {
        let differing = sixteen::differing(a.add(at), b.add(at));
        if differing != 0 {
            return most.min(at + differing.trailing_zeros() as usize);
        }
        at += 16;
    }
    most
}

/// The same byte by byte, where no more can be read.
///
/// # Safety
/// `most` bytes of both can be read.
pub(super) unsafe fn common_prefix_at_end(a: *const u8, b: *const u8, most: usize) -> usize {
    (0..most).find(|&i| *a.add(i) != *b.add(i)).unwrap_or(most)
}

/// # Safety
/// Four bytes can be read.
#[inline(always)]
pub(super) unsafe fn read_number(from: *const u8) -> usize {
    u32::from_le(from.cast::<u32>().read_unaligned()) as usize
}
