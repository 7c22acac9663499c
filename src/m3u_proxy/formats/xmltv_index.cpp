#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <m3u_proxy/formats/xmltv_index.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kBlock = 64;

/// What a piece of text holds.
struct Found {
  std::size_t count = 0;  ///< of positions written down
  bool forbidden = false;
};

/// Writes down the positions of the lowest bits, whether there are as many or not.
template <std::size_t... kIndex>
[[gnu::always_inline]] inline void write_lowest(std::uint64_t& bits, std::uint32_t base,
                                                std::uint32_t* out,
                                                std::index_sequence<kIndex...>) {
  ((out[kIndex] = base + static_cast<std::uint32_t>(std::countr_zero(bits)), bits &= bits - 1),
   ...);
}

/// Writes down the positions of the bits and returns their number; up to 64 are written in any
/// case.
[[gnu::always_inline]] inline std::size_t write_positions(std::uint64_t bits, std::uint32_t base,
                                                          std::uint32_t* out) {
  // There are a few more often than not: to write some too many costs less than to guess wrong.
  constexpr std::size_t kAtOnce = 8;
  constexpr std::make_index_sequence<kAtOnce> kIndices;
  const auto count = static_cast<std::size_t>(std::popcount(bits));
  write_lowest(bits, base, out, kIndices);
  for (std::size_t done = kAtOnce; done < count; done += kAtOnce)
    write_lowest(bits, base, out + done, kIndices);
  return count;
}

#ifdef __x86_64__

/// For machines that have AVX2; whole blocks.
__attribute__((target("avx2,bmi,popcnt"))) Found index_avx2(std::string_view text,
                                                            std::uint32_t base,
                                                            std::uint32_t* out) {
  // By the low half of a byte: the one byte with that half that is looked for. Where there is
  // none, one that has another half and so never compares equal.
  const __m256i markup = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, 0, 0, 0, 0, '&', 0, 0, 0, 0, 0, '<', 0, '>', 0));
  const __m256i spaces = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0));
  const __m256i last_control = _mm256_set1_epi8(0x1F);
  __m256i forbidden = _mm256_setzero_si256();
  Found found;
  for (std::size_t at = 0; at != text.size(); at += kBlock) {
    const auto* const halves = reinterpret_cast<const __m256i*>(text.data() + at);
    std::uint64_t bits = 0;
    for (int i = 1; i >= 0; --i) {
      const __m256i bytes = _mm256_loadu_si256(halves + i);
      const __m256i matches = _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(markup, bytes));
      bits = bits << 32U | static_cast<std::uint32_t>(_mm256_movemask_epi8(matches));
      const __m256i control = _mm256_cmpeq_epi8(bytes, _mm256_min_epu8(bytes, last_control));
      const __m256i space = _mm256_cmpeq_epi8(bytes, _mm256_shuffle_epi8(spaces, bytes));
      forbidden = _mm256_or_si256(forbidden, _mm256_andnot_si256(space, control));
    }
    found.count += write_positions(bits, base + static_cast<std::uint32_t>(at), out + found.count);
  }
  found.forbidden = _mm256_testz_si256(forbidden, forbidden) == 0;
  return found;
}

/// For every x86-64; whole blocks.
Found index_sse2(std::string_view text, std::uint32_t base, std::uint32_t* out) {
  constexpr int kQuarters = 4;
  const auto equal = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  __m128i forbidden = _mm_setzero_si128();
  Found found;
  for (std::size_t at = 0; at != text.size(); at += kBlock) {
    const auto* const quarters = reinterpret_cast<const __m128i*>(text.data() + at);
    std::uint64_t bits = 0;
    for (int i = kQuarters - 1; i >= 0; --i) {
      const __m128i bytes = _mm_loadu_si128(quarters + i);
      const __m128i matches =
          _mm_or_si128(_mm_or_si128(equal(bytes, '<'), equal(bytes, '>')), equal(bytes, '&'));
      bits = bits << 16U | static_cast<std::uint32_t>(_mm_movemask_epi8(matches));
      const __m128i control = _mm_cmpeq_epi8(bytes, _mm_min_epu8(bytes, _mm_set1_epi8(0x1F)));
      const __m128i space =
          _mm_or_si128(_mm_or_si128(equal(bytes, '\t'), equal(bytes, '\n')), equal(bytes, '\r'));
      forbidden = _mm_or_si128(forbidden, _mm_andnot_si128(space, control));
    }
    for (; bits != 0; bits &= bits - 1)
      out[found.count++] = base + static_cast<std::uint32_t>(at) +
                           static_cast<std::uint32_t>(std::countr_zero(bits));
  }
  found.forbidden = _mm_movemask_epi8(forbidden) != 0;
  return found;
}

using IndexFunction = Found (*)(std::string_view, std::uint32_t, std::uint32_t*);

Found index_blocks(std::string_view text, std::uint32_t base, std::uint32_t* out) {
  static const IndexFunction kBest = __builtin_cpu_supports("avx2") ? &index_avx2 : &index_sse2;
  return kBest(text, base, out);
}

#else

Found index_blocks(std::string_view text, std::uint32_t base, std::uint32_t* out) {
  Found found;
  for (std::size_t i = 0; i != text.size(); ++i) {
    const char c = text[i];
    if (c == '<' || c == '>' || c == '&') out[found.count++] = base + static_cast<std::uint32_t>(i);
    found.forbidden |= static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  }
  return found;
}

#endif

}  // namespace

void MarkupIndex::reset(std::string_view text) {
  text_ = text;
  indexed_ = at_ = count_ = 0;
  forbidden_ = piece_forbidden_ = false;
}

void MarkupIndex::seek(std::size_t position) {
  if (position >= indexed_) {
    indexed_ = position;
    at_ = count_ = 0;
    forbidden_ = piece_forbidden_ = false;
    return;
  }
  forbidden_ = piece_forbidden_;
  while (at_ != count_ && positions_[at_] < position) ++at_;
}

bool MarkupIndex::refill() {
  at_ = count_ = 0;
  while (count_ == 0 && indexed_ != text_.size()) {
    const std::string_view piece = text_.substr(indexed_, kPiece);
    const std::size_t whole = piece.size() / kBlock * kBlock;
    const auto base = static_cast<std::uint32_t>(indexed_);
    Found found = index_blocks(piece.substr(0, whole), base, positions_.data());
    count_ = found.count;
    piece_forbidden_ = found.forbidden;
    if (whole != piece.size()) {
      std::array<char, kBlock> last;
      last.fill(' ');
      std::memcpy(last.data(), piece.data() + whole, piece.size() - whole);
      found = index_blocks({last.data(), kBlock}, base + static_cast<std::uint32_t>(whole),
                           positions_.data() + count_);
      count_ += found.count;
      piece_forbidden_ |= found.forbidden;
    }
    forbidden_ |= piece_forbidden_;
    indexed_ += piece.size();
  }
  return count_ != 0;
}

}  // namespace m3u_proxy::formats
