#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_attributes.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

/// What may stand in a key: letters, digits, `-`, `_`, `.`, `:` and anything beyond ASCII.
constexpr std::array<bool, 256> kKeyCharacters = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const char c = static_cast<char>(i);
    table[i] = i >= 0x80 || is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' ||
               c == '.' || c == ':';
  }
  return table;
}();

constexpr bool is_key_character(char c) { return kKeyCharacters[static_cast<unsigned char>(c)]; }

/// Whether `key=` (spaces before `=` allowed) stands at `position`.
bool is_pair_start(std::string_view text, std::size_t position) {
  const std::size_t begin = position;
  while (position < text.size() && is_key_character(text[position])) ++position;
  if (position == begin) return false;
  while (position < text.size() && is_space(text[position])) ++position;
  return position < text.size() && text[position] == '=';
}

/// Where the ` key=` begins that ends just before `end`, or npos.
std::size_t pair_start_before(std::string_view text, std::size_t begin, std::size_t end) {
  if (end <= begin || text[end - 1] != '=') return std::string_view::npos;
  std::size_t key = end - 1;
  while (key > begin && is_space(text[key - 1])) --key;
  const std::size_t key_end = key;
  while (key > begin && is_key_character(text[key - 1])) --key;
  if (key == key_end || key == begin || !is_space(text[key - 1])) return std::string_view::npos;
  return key;
}

/// Whether a quote before `position` may be a closing one, by what follows it.
bool may_follow_closing_quote(std::string_view text, std::size_t position) {
  if (position >= text.size()) return true;
  const char c = text[position];
  if (is_space(c) || c == ',') return true;
  return is_pair_start(text, position);
}

}  // namespace

void AttributeCursor::skip_spaces() {
  while (position_ < text_.size() && is_space(text_[position_])) ++position_;
}

namespace {

#ifdef __SSE2__
/// Bits of the bytes of a block that may stand in a key.
std::uint32_t key_characters(__m128i bytes) {
  const auto in_range = [&](__m128i from, char first, char last) {
    const __m128i shifted = _mm_sub_epi8(from, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(static_cast<char>(last - first))),
                          shifted);
  };
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8('a' - 'A'));
  const __m128i letters = in_range(lower, 'a', 'z');
  const __m128i digits = in_range(bytes, '0', ':');  // `:` stands right behind the digits
  const __m128i marks =
      _mm_or_si128(in_range(bytes, '-', '.'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
  const __m128i ascii = _mm_or_si128(_mm_or_si128(letters, digits), marks);
  // Bytes beyond ASCII have the bit that movemask takes.
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(ascii, bytes)));
}
#endif

/// Where the key that begins at `p` ends.
const char* key_end(const char* p, const char* end) {
#ifdef __SSE2__
  constexpr std::ptrdiff_t kBlock = sizeof(__m128i);
  for (; end - p >= kBlock; p += kBlock) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const std::uint32_t keys = key_characters(bytes);
    if (keys != 0xFFFFU) return p + std::countr_one(keys);
  }
#endif
  while (p != end && is_key_character(*p)) ++p;
  return p;
}

}  // namespace

/// Nearly all pairs are spelled ` key="value"`, with a space or the comma behind them.
bool AttributeCursor::take_plain_pair() {
  const char* const end = text_.data() + text_.size();
  const char* key = text_.data() + position_;
  if (key != end && *key == ' ') ++key;
  const char* const p = key_end(key, end);
  if (p == key || end - p < 3 || p[0] != '=' || p[1] != '"') return false;
  const char* const value = p + 2;
  const auto* const quote =
      static_cast<const char*>(std::memchr(value, '"', static_cast<std::size_t>(end - value)));
  if (quote == nullptr || quote + 1 == end || (quote[1] != ' ' && quote[1] != ',')) return false;
  key_ = {key, static_cast<std::size_t>(p - key)};
  value_ = {value, static_cast<std::size_t>(quote - value)};
  position_ = static_cast<std::size_t>(quote + 1 - text_.data());
  after_last_pair_ = position_;
  return true;
}

bool AttributeCursor::next() {
  if (take_plain_pair()) return true;
  while (true) {
    skip_spaces();
    if (position_ >= text_.size()) return false;
    if (text_[position_] == ',') {
      found_comma_ = true;
      return false;
    }
    const std::size_t begin = position_;
    while (position_ < text_.size() && is_key_character(text_[position_])) ++position_;
    key_ = text_.substr(begin, position_ - begin);
    skip_spaces();
    if (!key_.empty() && position_ < text_.size() && text_[position_] == '=') {
      ++position_;
      skip_spaces();
      read_value();
      after_last_pair_ = position_;
      return true;
    }
    found_stray_ = true;
    if (key_.empty()) ++position_;  // a character that can't begin a key
  }
}

void AttributeCursor::read_value() {
  value_ = {};
  if (position_ >= text_.size()) return;
  const char c = text_[position_];
  if (c == '"' || c == '\'')
    read_quoted(c);
  else if (!is_pair_start(text_, position_))  // `a= b="x"`: a is empty
    read_plain();
}

void AttributeCursor::read_quoted(char quote) {
  const std::size_t begin = ++position_;
  std::size_t search = begin;
  while (true) {
    const std::size_t end = text_.find(quote, search);
    if (end == std::string_view::npos) break;
    const bool closes = may_follow_closing_quote(text_, end + 1);
    if (!closes) {
      // Either a quote inside the value, or the opening quote of the next pair's value.
      const std::size_t pair = pair_start_before(text_, begin, end);
      if (pair == std::string_view::npos) {
        search = end + 1;
        continue;
      }
      found_open_quote_ = true;
      value_ = trim(text_.substr(begin, pair - begin));
      position_ = pair;
      return;
    }
    value_ = text_.substr(begin, end - begin);
    position_ = end + 1;
    return;
  }
  // No closing quote: the value ends before the next ` key=` or at the comma.
  found_open_quote_ = true;
  position_ = begin;
  while (position_ < text_.size() && text_[position_] != ',') {
    if (is_space(text_[position_]) && is_pair_start(text_, position_ + 1)) break;
    ++position_;
    // A run of key characters can only begin a pair at its first one: skip the rest of it.
    while (position_ < text_.size() && is_key_character(text_[position_])) ++position_;
  }
  value_ = trim(text_.substr(begin, position_ - begin));
}

void AttributeCursor::read_plain() {
  const std::size_t begin = position_;
  while (position_ < text_.size() && !is_space(text_[position_]) && text_[position_] != ',')
    ++position_;
  value_ = text_.substr(begin, position_ - begin);
}

std::string_view AttributeCursor::rest() const {
  const std::size_t from = found_comma_ ? position_ + 1 : after_last_pair_;
  return trim(text_.substr(std::min(from, text_.size())));
}

}  // namespace m3u_proxy::formats
