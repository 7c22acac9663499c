// lz: a small, fast compressor for what a plugin holds, in the manner of LZ4: a token with two
// lengths, literals, a distance. Its own format, for its own data only; the decoder trusts it.
#pragma once

#include <m3u_plugin.hpp>

namespace lz {

constexpr size_t kMinMatch = 4;
constexpr size_t kMaxDistance = 65535;
constexpr size_t kTail = 12;  // the last bytes are literals

/// Room that `size` bytes may need at most.
constexpr size_t bound(size_t size) { return size + size / 255 + 16; }

namespace detail {

inline uint32_t read32(const char* p) {
  uint32_t value = 0;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}

/// What does not fit into a token's four bits.
inline char* write_length(char* to, size_t rest) {
  for (; rest >= 255; rest -= 255) *to++ = static_cast<char>(255);
  *to++ = static_cast<char>(rest);
  return to;
}
inline size_t read_length(const char*& from) {
  size_t length = 0;
  uint8_t byte = 255;
  while (byte == 255) {
    byte = static_cast<uint8_t>(*from++);
    length += byte;
  }
  return length;
}

inline char* write_sequence(char* to, const char* literals, size_t count, size_t match) {
  char* const token = to++;
  *token = static_cast<char>((count < 15 ? count : 15) << 4U | (match < 15 ? match : 15));
  if (count >= 15) to = write_length(to, count - 15);
  m3u::detail::copy_short(to, literals, count);
  return to + count;
}

}  // namespace detail

/// Compresses and keeps its table for the next time.
class Encoder {
 public:
  /// Writes to `to`, which has room for bound(text.size()) bytes; returns how many it took.
  size_t compress(m3u::Text text, char* to) {
    const char* const base = text.data();
    char* const begin = to;
    for (uint32_t& place : places_) place = 0;
    size_t anchor = 0;
    size_t at = 0;
    while (at + kTail < text.size()) {
      const uint32_t word = detail::read32(base + at);
      uint32_t& place = places_[(word * 2654435761U) >> (32 - kHashBits)];
      const size_t before = place;
      place = static_cast<uint32_t>(at);
      if (before >= at || at - before > kMaxDistance || detail::read32(base + before) != word) {
        at += 1 + ((at - anchor) >> 5U);  // faster where nothing repeats
        continue;
      }
      const size_t length = match_length(text, before, at);
      to = detail::write_sequence(to, base + anchor, at - anchor, length - kMinMatch);
      const auto distance = static_cast<uint16_t>(at - before);
      __builtin_memcpy(to, &distance, sizeof(distance));
      to += sizeof(distance);
      if (length - kMinMatch >= 15) to = detail::write_length(to, length - kMinMatch - 15);
      at += length;
      anchor = at;
    }
    to = detail::write_sequence(to, base + anchor, text.size() - anchor, 0);
    return static_cast<size_t>(to - begin);
  }

 private:
  static constexpr uint32_t kHashBits = 13;

  static size_t match_length(m3u::Text text, size_t before, size_t at) {
    size_t length = kMinMatch;
    const size_t most = text.size() - kTail / 2 - at;
    while (length + 4 <= most && detail::read32(text.data() + before + length) ==
                                     detail::read32(text.data() + at + length))
      length += 4;
    while (length < most && text[before + length] == text[at + length]) ++length;
    return length;
  }

  uint32_t places_[1U << kHashBits] = {};
};

/// Writes the `size` bytes that were compressed.
inline void decompress(m3u::Text packed, char* to, size_t size) {
  const char* from = packed.data();
  char* const end = to + size;
  for (;;) {
    const auto token = static_cast<uint8_t>(*from++);
    size_t literals = token >> 4U;
    if (literals == 15) literals += detail::read_length(from);
    m3u::detail::copy_short(to, from, literals);
    to += literals, from += literals;
    if (to >= end) return;
    uint16_t distance = 0;
    __builtin_memcpy(&distance, from, sizeof(distance));
    from += sizeof(distance);
    size_t length = token & 15U;
    if (length == 15) length += detail::read_length(from);
    length += kMinMatch;
    const char* match = to - distance;
    if (distance >= length) {
      m3u::detail::copy_short(to, match, length);
      to += length;
    } else {  // it repeats itself
      for (; length > 0; --length) *to++ = *match++;
    }
  }
}

}  // namespace lz
