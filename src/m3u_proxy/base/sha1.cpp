#include <algorithm>
#include <cstring>

#include <boost/uuid/detail/sha1.hpp>

#include <m3u_proxy/base/sha1.hpp>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define M3U_SHA_INSTRUCTIONS __attribute__((target("sha,sse4.1,ssse3")))
#endif

namespace m3u_proxy {
namespace detail {
namespace {

constexpr std::size_t kBlock = 64;

}  // namespace

Sha1Digest sha1_by_boost(std::span<const std::uint8_t> prefix, std::string_view text) {
  boost::uuids::detail::sha1 hash;
  hash.process_bytes(prefix.data(), prefix.size());
  hash.process_bytes(text.data(), text.size());
  boost::uuids::detail::sha1::digest_type words{};
  hash.get_digest(words);
  Sha1Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<std::uint8_t>(words[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

#if defined(__x86_64__)

namespace {

/// The five words of the state: a to d in one register with `a` on top, and e on top of another.
struct Sha1State {
  __m128i abcd;
  __m128i e;
};

/// Four words of the message schedule.
struct Words {
  __m128i four;
};

M3U_SHA_INSTRUCTIONS inline __m128i big_endian(__m128i bytes) {
  return _mm_shuffle_epi8(bytes, _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f));
}

/// Four rounds with the schedule's next four words, all with the same one of four functions.
template <int kFunction>
M3U_SHA_INSTRUCTIONS inline void four_rounds(Sha1State& state, __m128i words, bool first) {
  const __m128i e = first ? _mm_add_epi32(state.e, words) : _mm_sha1nexte_epu32(state.e, words);
  state.e = state.abcd;
  state.abcd = _mm_sha1rnds4_epu32(state.abcd, e, kFunction);
}

/// The twenty rounds of one function; `words` has the last sixteen words of the schedule.
template <int kFunction>
M3U_SHA_INSTRUCTIONS inline void twenty_rounds(Sha1State& state, std::array<Words, 4>& words) {
  // Unrolled, the words stay in registers.
#pragma GCC unroll 5
  for (int i = kFunction * 5; i < kFunction * 5 + 5; ++i) {
    __m128i& now = words[static_cast<std::size_t>(i) % 4].four;
    if (i >= 4) {
      const __m128i second = words[static_cast<std::size_t>(i + 1) % 4].four;
      const __m128i third = words[static_cast<std::size_t>(i + 2) % 4].four;
      const __m128i fourth = words[static_cast<std::size_t>(i + 3) % 4].four;
      now = _mm_sha1msg2_epu32(_mm_xor_si128(_mm_sha1msg1_epu32(now, second), third), fourth);
    }
    four_rounds<kFunction>(state, now, i == 0);
  }
}

M3U_SHA_INSTRUCTIONS void add_block(Sha1State& state, const std::uint8_t* block) {
  const Sha1State before = state;
  std::array<Words, 4> words{};
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i].four = big_endian(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i));
  twenty_rounds<0>(state, words);
  twenty_rounds<1>(state, words);
  twenty_rounds<2>(state, words);
  twenty_rounds<3>(state, words);
  state.e = _mm_sha1nexte_epu32(state.e, before.e);
  state.abcd = _mm_add_epi32(state.abcd, before.abcd);
}

}  // namespace

bool has_sha_instructions() {
  static const bool has = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0)
      return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
  }();
  return has;
}

M3U_SHA_INSTRUCTIONS Sha1Digest sha1_by_instructions(std::span<const std::uint8_t> prefix,
                                                     std::string_view text) {
  Sha1State state{.abcd = _mm_set_epi32(0x67452301, static_cast<int>(0xefcdab89U),
                                        static_cast<int>(0x98badcfeU), 0x10325476),
                  .e = _mm_set_epi32(static_cast<int>(0xc3d2e1f0U), 0, 0, 0)};
  alignas(kBlock) std::array<std::uint8_t, kBlock> block;
  std::size_t filled = 0;
  const auto take = [&](const std::uint8_t* bytes, std::size_t size) M3U_SHA_INSTRUCTIONS {
    while (size != 0) {
      const std::size_t part = std::min(size, kBlock - filled);
      std::memcpy(block.data() + filled, bytes, part);
      bytes += part;
      size -= part;
      filled += part;
      if (filled < kBlock) break;
      add_block(state, block.data());
      filled = 0;
    }
  };
  take(prefix.data(), prefix.size());
  take(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  // A one bit, zeros, and the number of bits in the last eight bytes.
  block[filled++] = 0x80;
  if (filled > kBlock - 8) {
    std::fill(block.begin() + static_cast<std::ptrdiff_t>(filled), block.end(), 0);
    add_block(state, block.data());
    filled = 0;
  }
  std::fill(block.begin() + static_cast<std::ptrdiff_t>(filled), block.end() - 8, 0);
  const std::uint64_t bits = __builtin_bswap64((prefix.size() + text.size()) * 8);
  std::memcpy(block.data() + kBlock - 8, &bits, sizeof(bits));
  add_block(state, block.data());

  std::array<std::uint8_t, 16> words;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(words.data()), big_endian(state.abcd));
  const auto e = __builtin_bswap32(static_cast<std::uint32_t>(_mm_extract_epi32(state.e, 3)));
  Sha1Digest digest;
  std::memcpy(digest.data(), words.data(), words.size());
  std::memcpy(digest.data() + words.size(), &e, sizeof(e));
  return digest;
}

#else

bool has_sha_instructions() { return false; }
Sha1Digest sha1_by_instructions(std::span<const std::uint8_t> prefix, std::string_view text) {
  return sha1_by_boost(prefix, text);
}

#endif

}  // namespace detail

Sha1Digest sha1(std::span<const std::uint8_t> prefix, std::string_view text) {
  return detail::has_sha_instructions() ? detail::sha1_by_instructions(prefix, text)
                                        : detail::sha1_by_boost(prefix, text);
}

}  // namespace m3u_proxy
