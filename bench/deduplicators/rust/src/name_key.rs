//! What a name is known by: letters, digits and everything beyond ASCII count, ASCII letters without
//! regard to case.

/// 128 bits that stand for a name; 0 for one without letters and digits, which is never known.
pub type NameKey = u128;

fn mixed(mut value: u64) -> u64 {
    for _ in 0..2 {
        value ^= value >> 32;
        value = value.wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    value ^ (value >> 32)
}

/// A key on its way.
struct Halves {
    a: u64,
    b: u64,
}

impl Halves {
    fn new() -> Self {
        Halves { a: 0x243f_6a88_85a3_08d3, b: 0x1319_8a2e_0370_7344 }
    }
    #[inline(always)]
    fn add(&mut self, word: u64) {
        self.a = (self.a ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.a ^= self.a >> 29;
        self.b = self.b.wrapping_add(word).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        self.b ^= self.b >> 31;
    }
    /// `count`: how many bytes there were.
    fn finish(mut self, count: u64) -> NameKey {
        if count == 0 {
            return 0;
        }
        self.add(count);
        u128::from(mixed(self.a)) << 64 | u128::from(mixed(self.b) | 1)
    }
}

/// Bytes that count, one behind the other, the first the lowest.
struct Kept {
    bytes: u64,
    bits: u32, // of them
}

/// Sixteen bytes of a name at a time: letters become lower case, and what does not count goes.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod sixteen {
    use super::Kept;
    use core::arch::wasm32::{
        i8x16_lt, i8x16_splat, u64x2, u64x2_extract_lane, u8x16_bitmask, u8x16_le, u8x16_splat,
        u8x16_sub, u8x16_swizzle, v128, v128_and, v128_load, v128_or,
    };

    /// For each set of eight bytes where those that count are, one behind the other.
    static PLACES: [u64; 256] = {
        let mut places = [0; 256];
        let mut set = 0;
        while set < 256 {
            let (mut count, mut i) = (0, 0);
            while i < 8 {
                if set >> i & 1 != 0 {
                    places[set] |= i << (8 * count);
                    count += 1;
                }
                i += 1;
            }
            while count < 8 {
                places[set] |= 0x80 << (8 * count); // nothing
                count += 1;
            }
            set += 1;
        }
        places
    };
    const SECOND_HALF: u64 = 0x0808_0808_0808_0808; // a place in it

    #[derive(Clone, Copy)]
    pub struct Sixteen(v128);

    impl Sixteen {
        #[inline(always)]
        pub fn of(bytes: &[u8; 16]) -> Self {
            // SAFETY: there are so many, and any address will do.
            Sixteen(unsafe { v128_load(bytes.as_ptr().cast()) })
        }
        #[inline(always)]
        pub fn of_words([low, high]: [u64; 2]) -> Self {
            Sixteen(u64x2(low, high))
        }
        #[inline(always)]
        pub fn kept(self) -> [Kept; 2] {
            let between = |bytes: v128, first: u8, last: u8| {
                u8x16_le(u8x16_sub(bytes, u8x16_splat(first)), u8x16_splat(last - first))
            };
            let upper = between(self.0, b'A', b'Z');
            let bytes = v128_or(self.0, v128_and(upper, u8x16_splat(0x20)));
            let counts = v128_or(
                v128_or(between(bytes, b'a', b'z'), between(bytes, b'0', b'9')),
                i8x16_lt(bytes, i8x16_splat(0)),
            );
            let [low, high] = u8x16_bitmask(counts).to_le_bytes();
            let places = u64x2(PLACES[usize::from(low)], PLACES[usize::from(high)] + SECOND_HALF);
            let kept = u8x16_swizzle(bytes, places);
            [
                Kept { bytes: u64x2_extract_lane::<0>(kept), bits: 8 * low.count_ones() },
                Kept { bytes: u64x2_extract_lane::<1>(kept), bits: 8 * high.count_ones() },
            ]
        }
    }
}
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod sixteen {
    use super::Kept;

    #[derive(Clone, Copy)]
    pub struct Sixteen([u64; 2]);

    impl Sixteen {
        pub fn of(bytes: &[u8; 16]) -> Self {
            let bytes = u128::from_le_bytes(*bytes);
            Sixteen([bytes as u64, (bytes >> 64) as u64])
        }
        pub fn of_words(words: [u64; 2]) -> Self {
            Sixteen(words)
        }
        pub fn kept(self) -> [Kept; 2] {
            self.0.map(|word| {
                let mut kept = Kept { bytes: 0, bits: 0 };
                for c in word.to_le_bytes().map(|c| c.to_ascii_lowercase()) {
                    if c.is_ascii_alphanumeric() || !c.is_ascii() {
                        kept.bytes |= u64::from(c) << kept.bits;
                        kept.bits += u8::BITS;
                    }
                }
                kept
            })
        }
    }
}
use sixteen::Sixteen;

/// Less than sixteen bytes, with zeros behind them.
#[inline(always)]
fn padded(rest: &[u8]) -> [u64; 2] {
    // What is at the end, and what is at the beginning, may be partly the same.
    let size = rest.len();
    if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        return [u64::from_le_bytes(*first), u64::from_le_bytes(*last) >> 8 >> (8 * (15 - size))];
    }
    if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        let [first, last] = [first, last].map(|bytes| u64::from(u32::from_le_bytes(*bytes)));
        return [first | last << (8 * (size - 4)), 0];
    }
    let byte = |at: usize| u64::from(rest[at]) << (8 * at);
    [if size == 0 { 0 } else { byte(0) | byte(size / 2) | byte(size - 1) }, 0]
}

/// The bytes of a name that count, eight at a time.
struct Folded {
    key: Halves,
    word: u64,
    filled: u32, // bits of it, less than all
    words: u64,
}

impl Folded {
    #[inline(always)]
    fn add(&mut self, sixteen: Sixteen) {
        for Kept { bytes, bits } in sixteen.kept() {
            self.word |= bytes << self.filled;
            let filled = self.filled + bits;
            if filled < u64::BITS {
                self.filled = filled;
                continue;
            }
            self.key.add(self.word);
            self.words += 1;
            self.word = bytes >> 1 >> (u64::BITS - 1 - self.filled); // all of it may be used up
            self.filled = filled - u64::BITS;
        }
    }
    fn finish(mut self) -> NameKey {
        if self.filled != 0 {
            self.key.add(self.word);
        }
        self.key.finish(8 * self.words + u64::from(self.filled / u8::BITS))
    }
}

pub fn name_key(name: &str) -> NameKey {
    let mut folded = Folded { key: Halves::new(), word: 0, filled: 0, words: 0 };
    let mut rest = name.as_bytes();
    while let Some((sixteen, behind)) = rest.split_first_chunk() {
        folded.add(Sixteen::of(sixteen));
        rest = behind;
    }
    if !rest.is_empty() {
        folded.add(Sixteen::of_words(padded(rest)));
    }
    folded.finish()
}

#[cfg(test)]
mod tests {
    use super::{name_key, Halves, NameKey};

    /// The same byte by byte.
    fn key_of_bytes(name: &str) -> NameKey {
        let counts = |c: &u8| c.is_ascii_alphanumeric() || !c.is_ascii();
        let bytes: Vec<u8> = name.to_ascii_lowercase().bytes().filter(counts).collect();
        let mut key = Halves::new();
        for eight in bytes.chunks(8) {
            key.add(eight.iter().rev().fold(0, |word, c| word << 8 | u64::from(*c)));
        }
        key.finish(bytes.len() as u64)
    }

    #[test]
    fn names_of_any_size_are_folded_as_byte_by_byte() {
        let names = ["sky1", "SKY SPORT 1 @[`{/:", "Z", "Ünï-9 Ж中 ", " -|"];
        for size in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65] {
            for (letters, skipped) in names.iter().flat_map(|name| (0..8).map(move |n| (name, n))) {
                let mut name = String::new();
                for c in letters.chars().cycle().skip(skipped) {
                    if name.len() + c.len_utf8() > size {
                        break;
                    }
                    name.push(c);
                }
                name.extend((name.len()..size).map(|_| 'x'));
                assert_eq!(name.len(), size);
                for other in [name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
                    assert_eq!(name_key(&other), key_of_bytes(&name), "{other}");
                }
            }
        }
    }

    #[test]
    fn names_are_the_same_by_letters_and_digits_without_case() {
        let (long, spaced) = ("a".repeat(200), "a ".repeat(200));
        assert_eq!(name_key("Sky SPORT 1"), name_key("sky-sport (1)"));
        assert_eq!(name_key(&long), name_key(&spaced));
        assert_ne!(name_key("aaaaaaaa"), name_key("aaaaaaaaa"));
        assert_ne!(name_key("ab"), name_key("ba"));
        assert_eq!(name_key(" -- "), 0);
    }

    #[test]
    fn what_does_not_count_changes_nothing_wherever_it_stands() {
        let letters = "Ünited 24 News"; // with what does not count, more than a word
        let plain: String = letters.replace(' ', "").to_ascii_lowercase();
        for size in 1..=40 {
            let name: String = plain.chars().cycle().take(size).collect();
            let longer = format!("{name}x");
            assert_ne!(name_key(&name), name_key(&longer));
            for at in name.char_indices().map(|(at, _)| at) {
                let (start, end) = name.split_at(at);
                assert_eq!(name_key(&format!("{start} - {end}")), name_key(&name));
            }
        }
    }
}
