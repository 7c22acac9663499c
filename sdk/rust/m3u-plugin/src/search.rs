//! Words found without regard to ASCII case, sixteen bytes at a time where the machine can.

pub fn equals_ascii_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether `text` has `word` in it, ASCII letters compared without case.
pub fn contains_ascii_case(text: &str, word: &str) -> bool {
    word.is_empty() || Finder::new(word.as_bytes()).find(text.as_bytes(), 0).is_some()
}

/// Finds one word again and again, ASCII letters in any case.
pub(crate) struct Finder<'a> {
    word: &'a [u8],
    first: u8,
    last: u8,
    first_bit: u8,
    last_bit: u8,
}

fn case_bit(c: u8) -> u8 {
    if c.is_ascii_alphabetic() {
        0x20
    } else {
        0
    }
}

impl<'a> Finder<'a> {
    /// `word` is not empty.
    pub fn new(word: &'a [u8]) -> Self {
        let (first, last) = (word[0], word[word.len() - 1]);
        let (first_bit, last_bit) = (case_bit(first), case_bit(last));
        Finder { word, first: first | first_bit, last: last | last_bit, first_bit, last_bit }
    }

    fn is_at(&self, text: &[u8], at: usize) -> bool {
        text[at..at + self.word.len()].eq_ignore_ascii_case(self.word)
    }

    /// Where the word first appears in `text` at or after `from`.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let end = text.len().checked_sub(self.word.len())?;
        let (found, from) = self.find_in_blocks(text, from, end);
        if found.is_some() {
            return found;
        }
        (from..=end).find(|&at| {
            text[at] | self.first_bit == self.first
                && text[at + self.word.len() - 1] | self.last_bit == self.last
                && self.is_at(text, at)
        })
    }

    /// What it found, and from where on it did not look.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    fn find_in_blocks(&self, text: &[u8], from: usize, end: usize) -> (Option<usize>, usize) {
        use core::arch::wasm32::*;
        let (first, last) = (u8x16_splat(self.first), u8x16_splat(self.last));
        let (first_bit, last_bit) = (u8x16_splat(self.first_bit), u8x16_splat(self.last_bit));
        let mut at = from;
        while at + 15 <= end {
            // Both blocks end at or before text[end + word.len() - 1].
            let equal = unsafe {
                let a = v128_load(text.as_ptr().add(at).cast());
                let b = v128_load(text.as_ptr().add(at + self.word.len() - 1).cast());
                v128_and(
                    u8x16_eq(v128_or(a, first_bit), first),
                    u8x16_eq(v128_or(b, last_bit), last),
                )
            };
            let mut mask = u8x16_bitmask(equal);
            while mask != 0 {
                let place = at + mask.trailing_zeros() as usize;
                if self.is_at(text, place) {
                    return (Some(place), place);
                }
                mask &= mask - 1;
            }
            at += 16;
        }
        (None, at)
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    fn find_in_blocks(&self, _text: &[u8], from: usize, _end: usize) -> (Option<usize>, usize) {
        (None, from)
    }
}
