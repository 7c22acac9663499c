// copy_text: short texts copied without a call, the step of which writing and batching consist.
//
// Most values of a playlist have fewer than 32 bytes: two unaligned vector moves copy them,
// whatever their size, where both sides have room for that. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__) && !defined(M3U_PROXY_SANITIZED)
#define M3U_PROXY_VECTOR_COPY 1
#include <emmintrin.h>
#endif

namespace m3u_proxy {

/// What copy_text() may read and write at most beyond a short text's end.
constexpr std::size_t kCopyBlock = 32;

/// Whether kCopyBlock bytes can be read at `p`, of which at least one belongs to us: they lie in
/// one page of the smallest size there is.
inline bool is_block_readable(const char* p) {
  constexpr std::uintptr_t kPage = 4096;
  return reinterpret_cast<std::uintptr_t>(p) % kPage <= kPage - kCopyBlock;
}

/// Copies `text` (no literal: of these the compiler knows better) to `to` and returns where it ends
/// there. Up to `limit` (≥ the copy's end) bytes
/// behind the copy may be overwritten with anything.
inline char* copy_text(char* to, const char* limit, std::string_view text) {
#ifdef M3U_PROXY_VECTOR_COPY
  if (text.size() - 1 < kCopyBlock && static_cast<std::size_t>(limit - to) >= kCopyBlock &&
      // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): only the address is looked at
      is_block_readable(text.data())) [[likely]] {
    const auto* const from = reinterpret_cast<const __m128i*>(text.data());
    auto* const out = reinterpret_cast<__m128i*>(to);
    const __m128i first = _mm_loadu_si128(from);
    const __m128i second = _mm_loadu_si128(from + 1);
    _mm_storeu_si128(out, first);
    _mm_storeu_si128(out + 1, second);
    return to + text.size();
  }
#else
  static_cast<void>(limit);
#endif
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

}  // namespace m3u_proxy
