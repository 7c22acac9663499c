//! A small, fast compressor for what a plugin holds, in the manner of LZ4: a token with two lengths,
//! literals, a distance. Its own format, for its own data only.

const MIN_MATCH: usize = 4;
const MAX_DISTANCE: usize = 65535;
const TAIL: usize = 12; // the last bytes are literals
const HASH_BITS: u32 = 13;

fn word_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// What does not fit into a token's four bits.
fn write_length(out: &mut Vec<u8>, mut rest: usize) {
    while rest >= 255 {
        out.push(255);
        rest -= 255;
    }
    out.push(rest as u8);
}

fn write_sequence(out: &mut Vec<u8>, literals: &[u8], matched: usize) {
    out.push((literals.len().min(15) << 4 | matched.min(15)) as u8);
    if literals.len() >= 15 {
        write_length(out, literals.len() - 15);
    }
    out.extend_from_slice(literals);
}

fn match_length(text: &[u8], before: usize, at: usize) -> usize {
    let most = text.len() - TAIL / 2 - at;
    let mut length = MIN_MATCH;
    while length + 4 <= most && word_at(text, before + length) == word_at(text, at + length) {
        length += 4;
    }
    while length < most && text[before + length] == text[at + length] {
        length += 1;
    }
    length
}

/// Replaces `out` by the compressed `text`; `places` is for this function, from call to call.
pub fn compress(text: &[u8], places: &mut Vec<u32>, out: &mut Vec<u8>) {
    out.clear();
    places.clear();
    places.resize(1 << HASH_BITS, 0);
    let mut anchor = 0;
    let mut at = 0;
    while at + TAIL < text.len() {
        let word = word_at(text, at);
        let place = &mut places[(word.wrapping_mul(2_654_435_761) >> (32 - HASH_BITS)) as usize];
        let before = *place as usize;
        *place = at as u32;
        if before >= at || at - before > MAX_DISTANCE || word_at(text, before) != word {
            at += 1 + ((at - anchor) >> 5); // faster where nothing repeats
            continue;
        }
        let length = match_length(text, before, at);
        write_sequence(out, &text[anchor..at], length - MIN_MATCH);
        out.extend_from_slice(&((at - before) as u16).to_le_bytes());
        if length - MIN_MATCH >= 15 {
            write_length(out, length - MIN_MATCH - 15);
        }
        at += length;
        anchor = at;
    }
    write_sequence(out, &text[anchor..], 0);
}

fn read_length(packed: &[u8], from: &mut usize) -> usize {
    let mut length = 0;
    loop {
        let byte = packed[*from];
        *from += 1;
        length += usize::from(byte);
        if byte != 255 {
            return length;
        }
    }
}

/// Replaces `out` by the `size` bytes that were compressed.
pub fn decompress(packed: &[u8], size: usize, out: &mut Vec<u8>) {
    out.clear();
    out.reserve_exact(size);
    let mut from = 0;
    loop {
        let token = usize::from(packed[from]);
        from += 1;
        let mut literals = token >> 4;
        if literals == 15 {
            literals += read_length(packed, &mut from);
        }
        out.extend_from_slice(&packed[from..from + literals]);
        from += literals;
        if out.len() >= size {
            return;
        }
        let distance = usize::from(u16::from_le_bytes([packed[from], packed[from + 1]]));
        from += 2;
        let mut length = token & 15;
        if length == 15 {
            length += read_length(packed, &mut from);
        }
        length += MIN_MATCH;
        let mut start = out.len() - distance;
        while length > 0 {
            // A match may overlap what it makes.
            let count = length.min(out.len() - start);
            out.extend_from_within(start..start + count);
            start += count;
            length -= count;
        }
    }
}
