// Finding a word in much text, sixteen bytes at a time.
#pragma once

#include "text.hpp"

namespace m3u {

namespace detail {

// Sixteen bytes at a time: vector extensions, which both compilers have on every machine.
using Bytes16 = uint8_t __attribute__((vector_size(16)));

inline Bytes16 load16(const char* p) {
  Bytes16 value;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}
inline Bytes16 all16(char c) { return Bytes16{} + static_cast<uint8_t>(c); }
/// One bit for each byte that is not 0 (such bytes are 0xff).
inline uint32_t mask16(Bytes16 bytes) {
#if defined(__wasm__) && defined(__wasm_simd128__)
  v128_t vector;
  __builtin_memcpy(&vector, &bytes, sizeof(vector));
  return static_cast<uint32_t>(wasm_i8x16_bitmask(vector));
#else
  uint32_t mask = 0;
  for (uint32_t i = 0; i < 16; ++i) mask |= (bytes[i] != 0 ? 1U : 0U) << i;
  return mask;
#endif
}
inline bool any16(Bytes16 bytes) {
#if defined(__wasm__) && defined(__wasm_simd128__)
  v128_t vector;
  __builtin_memcpy(&vector, &bytes, sizeof(vector));
  return wasm_v128_any_true(vector);
#else
  uint64_t halves[2];
  __builtin_memcpy(halves, &bytes, sizeof(halves));
  return (halves[0] | halves[1]) != 0;
#endif
}

/// Finds one word again and again, ASCII letters in any case.
class Finder {
 public:
  explicit Finder(Text word) : word_(word) {
    if (word.empty()) return;
    first_bit_ = is_ascii_letter(word[0]) ? 0x20 : 0;
    last_bit_ = is_ascii_letter(word[word.size() - 1]) ? 0x20 : 0;
    first_ = static_cast<char>(word[0] | first_bit_);
    last_ = static_cast<char>(word[word.size() - 1] | last_bit_);
  }
  /// Where the word first appears in `text` at or after `from`; SIZE_MAX when it does not.
  [[nodiscard]] size_t find(Text text, size_t from) const {
    const size_t size = word_.size();
    if (size == 0 || text.size() < size) return SIZE_MAX;
    const size_t end = text.size() - size;  // the last place where it has room
    size_t i = from;
    for (; i + 15 <= end; i += 16) {
      const Bytes16 first = load16(text.data() + i) | all16(first_bit_);
      const Bytes16 last = load16(text.data() + i + size - 1) | all16(last_bit_);
      const auto equal =
          (Bytes16)(first == all16(first_)) & (Bytes16)(last == all16(last_));  // NOLINT
      if (!any16(equal)) continue;
      for (uint32_t mask = mask16(equal); mask != 0; mask &= mask - 1) {
        const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
        if (equals_ascii_case(text.substr(at, size), word_)) return at;
      }
    }
    for (; i <= end; ++i)
      if (equals_ascii_case(text.substr(i, size), word_)) return i;
    return SIZE_MAX;
  }

 private:
  Text word_;
  char first_ = 0;
  char last_ = 0;
  char first_bit_ = 0;
  char last_bit_ = 0;
};

}  // namespace detail

/// Whether `text` has `word` in it, ASCII letters compared without case.
inline bool contains_ascii_case(Text text, Text word) {
  return word.empty() || detail::Finder(word).find(text, 0) != SIZE_MAX;
}

}  // namespace m3u
