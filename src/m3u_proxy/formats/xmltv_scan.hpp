// XMLTV scanning: the innermost loops of the guide reader, 16 bytes at a time where the machine
// has SSE2 and byte by byte elsewhere. Pure, thread-safe; none reads beyond `end`.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace m3u_proxy::formats {

namespace scan_internal {

#ifdef __SSE2__
inline __m128i load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m128i equal(__m128i block, char c) { return _mm_cmpeq_epi8(block, _mm_set1_epi8(c)); }
inline unsigned mask_of(__m128i matches) {
  return static_cast<unsigned>(_mm_movemask_epi8(matches));
}
constexpr std::ptrdiff_t kBlock = 16;
#endif

}  // namespace scan_internal

/// What opens and what closes a CDATA section.
constexpr std::string_view kCdataOpen = "<![CDATA[";
constexpr std::string_view kCdataClose = "]]>";

/// The first `what` in [p, end), or end.
inline const char* find_text(const char* p, const char* end, std::string_view what) {
  const std::string_view text(p, static_cast<std::size_t>(end - p));
  const std::size_t at = text.find(what);
  return at == std::string_view::npos ? end : p + at;
}

/// Whether `what` is at `p`.
inline bool starts_at(const char* p, const char* end, std::string_view what) {
  return static_cast<std::size_t>(end - p) >= what.size() &&
         std::memcmp(p, what.data(), what.size()) == 0;
}

/// The first of the bytes `kWanted` in [p, end), or end. Made for short distances.
template <char... kWanted>
inline const char* find_any(const char* p, const char* end) {
#ifdef __SSE2__
  using namespace scan_internal;
  for (; end - p >= kBlock; p += kBlock) {
    const __m128i block = load(p);
    __m128i matches = _mm_setzero_si128();
    ((matches = _mm_or_si128(matches, equal(block, kWanted))), ...);
    const unsigned mask = mask_of(matches);
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  while (p != end && ((*p != kWanted) && ...)) ++p;
  return p;
}

/// Whether the first `size` ≤ 32 bytes at `a` and `b` are equal; 32 can be read at both.
inline bool equal_in_32(const char* a, const char* b, std::size_t size) {
#ifdef __SSE2__
  using namespace scan_internal;
  unsigned mask = mask_of(_mm_cmpeq_epi8(load(a), load(b)));
  if (size > kBlock) mask |= mask_of(_mm_cmpeq_epi8(load(a + kBlock), load(b + kBlock))) << 16U;
  return static_cast<std::size_t>(std::countr_one(mask)) >= size;
#else
  return std::memcmp(a, b, size) == 0;
#endif
}

/// The first '<' in [p, end) that is followed by '!', '?', `letter`, `other`, or '/' and `letter`;
/// end when there is none. A '<' within the last two bytes counts as found: what follows is not
/// known yet.
inline const char* find_tag_of_interest(const char* p, const char* end, char letter, char other) {
#ifdef __SSE2__
  using namespace scan_internal;
  for (; end - p >= kBlock + 2; p += kBlock) {
    const __m128i second = load(p + 1);
    const __m128i close = _mm_and_si128(equal(second, '/'), equal(load(p + 2), letter));
    const __m128i open = _mm_or_si128(_mm_or_si128(equal(second, '!'), equal(second, '?')),
                                      _mm_or_si128(equal(second, letter), equal(second, other)));
    const unsigned mask = mask_of(_mm_and_si128(equal(load(p), '<'), _mm_or_si128(close, open)));
    if (mask != 0) return p + std::countr_zero(mask);
  }
#endif
  for (; p != end; ++p) {
    if (*p != '<') continue;
    if (end - p < 3) return p;
    const char next = p[1];
    if (next == '!' || next == '?' || next == letter || next == other ||
        (next == '/' && p[2] == letter))
      return p;
  }
  return end;
}

/// Whether `text` has a byte that XML 1.0 forbids in ASCII: a control character other than tab,
/// LF and CR.
inline bool has_forbidden_control(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
#ifdef __SSE2__
  using namespace scan_internal;
  for (; end - p >= kBlock; p += kBlock) {
    const __m128i block = load(p);
    const __m128i low = equal(_mm_subs_epu8(block, _mm_set1_epi8(0x1F)), '\0');
    const __m128i allowed =
        _mm_or_si128(_mm_or_si128(equal(block, '\t'), equal(block, '\n')), equal(block, '\r'));
    if (mask_of(_mm_andnot_si128(allowed, low)) != 0) return true;
  }
#endif
  for (; p != end; ++p) {
    if (static_cast<unsigned char>(*p) < 0x20 && *p != '\t' && *p != '\n' && *p != '\r')
      return true;
  }
  return false;
}

}  // namespace m3u_proxy::formats
