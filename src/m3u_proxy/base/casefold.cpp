#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

#include <utf8proc.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy {
namespace {

struct FoldRange {
  char32_t first;
  char32_t last;
  std::int32_t distance;
  char32_t step;
};

constexpr FoldRange kRanges[] = {
#include "casefold_table.inc"
};

constexpr char32_t apply(const FoldRange& range, char32_t c) {
  if ((c - range.first) % range.step != 0) return c;
  return static_cast<char32_t>(static_cast<std::int32_t>(c) + range.distance);
}

// Latin, Greek and Cyrillic, the scripts of most names, are looked up directly.
constexpr std::size_t kDirect = 0x600;
constexpr std::array<char16_t, kDirect> make_direct() {
  std::array<char16_t, kDirect> table{};
  for (std::size_t c = 0; c < kDirect; ++c) table[c] = static_cast<char16_t>(c);
  for (const FoldRange& range : kRanges)
    for (char32_t c = range.first; c <= range.last && c < kDirect; c += range.step)
      table[c] = static_cast<char16_t>(apply(range, c));
  return table;
}
constexpr std::array<char16_t, kDirect> kDirectTable = make_direct();

struct Decoded {
  char32_t code_point = 0;
  std::size_t length = 0;  // 0: not valid UTF-8
};

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
char32_t low_bits(char c) { return static_cast<unsigned char>(c) & 0x3FU; }

Decoded decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead >= 0xC2 && lead < 0xE0 && text.size() >= 2 && is_continuation(text[1]))
    return {.code_point = ((lead & 0x1FU) << 6U) | low_bits(text[1]), .length = 2};
  if (lead >= 0xE0 && lead < 0xF0 && text.size() >= 3 && is_continuation(text[1]) &&
      is_continuation(text[2]))
    return {.code_point = ((lead & 0x0FU) << 12U) | (low_bits(text[1]) << 6U) | low_bits(text[2]),
            .length = 3};
  if (lead >= 0xF0 && lead < 0xF5 && text.size() >= 4 && is_continuation(text[1]) &&
      is_continuation(text[2]) && is_continuation(text[3]))
    return {.code_point = ((lead & 0x07U) << 18U) | (low_bits(text[1]) << 12U) |
                          (low_bits(text[2]) << 6U) | low_bits(text[3]),
            .length = 4};
  return {};
}

void append_folded(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      out += ascii_lower(text[0]);
      text.remove_prefix(1);
      continue;
    }
    const Decoded decoded = decode(text);
    const std::size_t length = std::max<std::size_t>(decoded.length, 1);
    const char32_t target = fold_code_point(decoded.code_point);
    if (decoded.length == 0 || target == decoded.code_point)
      out += text.substr(0, length);
    else
      append_utf8(out, target);
    text.remove_prefix(length);
  }
}

bool equals_ascii(std::string_view text, std::string_view needle) {
  return std::ranges::equal(text, needle, {}, ascii_lower);
}

constexpr std::uint64_t repeated(unsigned byte) { return 0x0101010101010101ULL * byte; }

/// Eight ASCII bytes with their letters in lower case.
std::uint64_t lower_word(std::uint64_t word) {
  const std::uint64_t from_a = word + repeated(0x80 - 'A');
  const std::uint64_t beyond_z = word + repeated(0x80 - 'Z' - 1);
  return word | ((from_a & ~beyond_z & repeated(0x80)) >> 2U);
}

#ifdef __SSE2__
/// Writes 16 bytes in lower case to `out`; false when one is not ASCII.
bool lower_block(const char* text, char* out) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  if (_mm_movemask_epi8(bytes) != 0) return false;
  const __m128i upper = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1)),
                                      _mm_cmplt_epi8(bytes, _mm_set1_epi8('Z' + 1)));
  const __m128i lower = _mm_or_si128(bytes, _mm_and_si128(upper, _mm_set1_epi8('a' - 'A')));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), lower);
  return true;
}
#endif

/// Writes `size` bytes in lower case to `out`; false at the first that is not ASCII.
bool lower_ascii(const char* text, std::size_t size, char* out) {
  std::size_t i = 0;
#ifdef __SSE2__
  constexpr std::size_t kBlock = sizeof(__m128i);
  if (size >= kBlock) {  // the last block may overlap the one before it
    for (; i + kBlock < size; i += kBlock)
      if (!lower_block(text + i, out + i)) return false;
    return lower_block(text + size - kBlock, out + size - kBlock);
  }
#endif
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text + i, 8);
    if ((word & repeated(0x80)) != 0) return false;
    word = lower_word(word);
    std::memcpy(out + i, &word, 8);
  }
  for (; i < size; ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
    out[i] = ascii_lower(text[i]);
  }
  return true;
}

constexpr auto kNormalForm = static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_COMPOSE |
                                                            UTF8PROC_STABLE | UTF8PROC_IGNORE);

/// Of each character that is looked up directly, whether normalize() leaves it alone wherever it
/// is: NFKC has nothing else for it, and it is no mark that the letter before it would take up.
const std::bitset<kDirect>& stable_characters() {
  static const std::bitset<kDirect> table = [] {
    std::bitset<kDirect> stable;
    for (utf8proc_int32_t c = 0; c < static_cast<utf8proc_int32_t>(kDirect); ++c) {
      const utf8proc_property_t* const known = utf8proc_get_property(c);
      const bool is_mark =
          known->category >= UTF8PROC_CATEGORY_MN && known->category <= UTF8PROC_CATEGORY_ME;
      std::array<utf8proc_uint8_t, 4> text{};
      const utf8proc_ssize_t size = utf8proc_encode_char(c, text.data());
      std::array<utf8proc_int32_t, 32> becomes{};
      const utf8proc_ssize_t count =
          utf8proc_decompose(text.data(), size, becomes.data(), becomes.size() - 1, kNormalForm);
      const bool stays = count >= 0 && count < static_cast<utf8proc_ssize_t>(becomes.size()) &&
                         utf8proc_normalize_utf32(becomes.data(), count, kNormalForm) == 1 &&
                         becomes[0] == c;
      stable[static_cast<std::size_t>(c)] = stays && !is_mark;
    }
    return stable;
  }();
  return table;
}

/// Whether `text` is seen at once to be what normalize() would make of it, blanks at the ends
/// apart. That takes a tenth of its time, and most names beyond ASCII are such.
bool is_surely_normal(std::string_view text) {
  const std::bitset<kDirect>& stable = stable_characters();
  while (!text.empty()) {
    std::size_t length = 1;
    if (static_cast<unsigned char>(text[0]) >= 0x80) {
      const Decoded decoded = decode(text);
      if (decoded.length == 0 || decoded.code_point >= kDirect || !stable[decoded.code_point])
        return false;
      length = decoded.length;
    }
    text.remove_prefix(length);
  }
  return true;
}

/// Makes `out` the NFKC form of `text`; false when that is too long or no UTF-8.
bool normalize(std::string_view text, std::string& out) {
  // A character may become 18, so this bounds what it takes.
  constexpr std::size_t kLongestName = 4096;
  if (text.size() > kLongestName) return false;
  const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  const utf8proc_ssize_t most = utf8proc_decompose(bytes, size, nullptr, 0, kNormalForm);
  if (most < 0) return false;
  // One more: reencoding ends with a zero.
  std::vector<utf8proc_int32_t> characters(static_cast<std::size_t>(most) + 1);
  utf8proc_decompose(bytes, size, characters.data(), most, kNormalForm);
  const utf8proc_ssize_t written = utf8proc_reencode(characters.data(), most, kNormalForm);
  if (written < 0) return false;
  // A blank at the ends may have been one that only Unicode knows.
  out = trim({reinterpret_cast<const char*>(characters.data()), static_cast<std::size_t>(written)});
  return true;
}

// Above this length a needle gets a search that cannot be slowed down by its repetitions.
constexpr std::size_t kLongNeedle = 64;

}  // namespace

char32_t fold_code_point(char32_t code_point) {
  if (code_point < kDirect) return kDirectTable[code_point];
  const auto* range = std::ranges::lower_bound(kRanges, code_point, {}, &FoldRange::last);
  if (range == std::end(kRanges) || code_point < range->first) return code_point;
  return apply(*range, code_point);
}

void fold(std::string_view text, std::string& out) {
  bool is_ascii_text = false;
  // libstdc++ 12 tells the callee a larger size than was asked for.
  out.resize_and_overwrite(text.size(), [&](char* p, std::size_t) {
    is_ascii_text = lower_ascii(text.data(), text.size(), p);
    return is_ascii_text ? text.size() : 0;
  });
  if (is_ascii_text) return;
  append_folded(text, out);
}

std::string folded(std::string_view text) {
  std::string out;
  fold(text, out);
  return out;
}

void fold_name(std::string_view name, std::string& out) {
  if (is_ascii(name) || is_surely_normal(name) || !normalize(name, out))
    fold(name, out);
  else
    fold(std::string(out), out);
  std::ranges::replace_if(out, is_ascii_space, '_');
  const auto repeated =
      std::ranges::unique(out, [](char a, char b) { return a == '_' && b == '_'; });
  out.erase(repeated.begin(), repeated.end());
  if (out.size() > 1 && out.ends_with('_')) out.pop_back();
  if (out.size() > 1 && out.starts_with('_')) out.erase(0, 1);
}

bool equals_folded(std::string_view text, std::string_view needle) {
  if (is_ascii(text)) return equals_ascii(text, needle);
  return folded(text) == needle;
}

bool contains_folded(std::string_view text, std::string_view needle) {
  return contains_bytes(folded(text), needle);
}

bool starts_with_folded(std::string_view text, std::string_view needle) {
  if (is_ascii(text))
    return text.size() >= needle.size() && equals_ascii(text.substr(0, needle.size()), needle);
  return folded(text).starts_with(needle);
}

std::size_t find_bytes(std::string_view text, std::string_view needle) {
  if (needle.size() <= kLongNeedle) return text.find(needle);
  if (needle.size() > text.size()) return std::string_view::npos;
  const std::boyer_moore_searcher searcher(needle.begin(), needle.end());
  const auto* const found = searcher(text.begin(), text.end()).first;
  return found == text.end() ? std::string_view::npos
                             : static_cast<std::size_t>(found - text.begin());
}

bool contains_bytes(std::string_view text, std::string_view needle) {
  return find_bytes(text, needle) != std::string_view::npos;
}

}  // namespace m3u_proxy
