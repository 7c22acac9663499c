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
#include <m3u_proxy/formats/m3u_blanks.hpp>

namespace m3u_proxy::formats {
namespace {

/// What of ASCII may be in a key: letters, digits, `-`, `_`, `.`, `:`.
constexpr std::array<bool, 256> kAsciiOfKeys = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 0x80; ++i) {
    const char c = static_cast<char>(i);
    table[i] =
        is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
  }
  return table;
}();

/// The same and anything beyond ASCII that is neither a blank nor a comma.
bool is_key_character(std::string_view text, std::size_t position) {
  const auto byte = static_cast<unsigned char>(text[position]);
  if (byte < 0x80) return kAsciiOfKeys[byte];
  return blank_length(text, position) == 0 && !is_full_width_comma(text, position);
}

/// Where the key that begins at `position` ends.
std::size_t key_end(std::string_view text, std::size_t position) {
  while (position < text.size() && is_key_character(text, position)) ++position;
  return position;
}

/// Where the value of the pair `key=` (blanks around `=` allowed) at `position` begins; npos when
/// there is no pair.
std::size_t pair_value(std::string_view text, std::size_t position) {
  const std::size_t end = key_end(text, position);
  if (end == position) return std::string_view::npos;
  position = skip_blanks(text, end);
  if (position >= text.size() || text[position] != '=') return std::string_view::npos;
  return skip_blanks(text, position + 1);
}

/// Whether any pair may be in the text.
bool has_equals(std::string_view text) {
  return !text.empty() && std::memchr(text.data(), '=', text.size()) != nullptr;
}

bool is_pair_start(std::string_view text, std::size_t position) {
  return pair_value(text, position) != std::string_view::npos;
}

/// Or in a semicolon, with which some lists separate pairs.
bool ends_in_blank_or_comma(std::string_view text) {
  return text.ends_with(' ') || text.ends_with('\t') || text.ends_with(',') ||
         text.ends_with(';') || text.ends_with(kNoBreakSpace) ||
         text.ends_with(kIdeographicSpace) || text.ends_with(kFullWidthComma);
}

std::string_view without_blanks_at_end(std::string_view text) {
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// Where the ` key=` or `,key=` begins that ends just before `end`, or npos.
std::size_t pair_start_before(std::string_view text, std::size_t begin, std::size_t end) {
  std::string_view before = without_blanks_at_end(text.substr(begin, end - begin));
  if (!before.ends_with('=')) return std::string_view::npos;
  before = without_blanks_at_end(before.substr(0, before.size() - 1));
  // Back over the key; what it is made of beyond ASCII is only known from its front.
  std::size_t key = before.size();
  while (key > 0 &&
         (kAsciiOfKeys[static_cast<unsigned char>(before[key - 1])] ||
          (static_cast<unsigned char>(before[key - 1]) & 0x80U) != 0) &&
         !ends_in_blank_or_comma(before.substr(0, key)))
    --key;
  if (key == before.size() || !ends_in_blank_or_comma(before.substr(0, key)))
    return std::string_view::npos;
  return begin + key;
}

/// What follows a quote.
enum class Behind : std::uint8_t {
  kPair,     ///< `key=`, blanks aside: the quote closes a value
  kBreak,    ///< a blank, a comma or the end: it closes the value or a quotation inside
  kQuote,    ///< another one
  kAnother,  ///< text
};

Behind behind_quote(std::string_view text, std::size_t position, char quote) {
  const std::size_t blanks_end = skip_blanks(text, position);
  if (blanks_end < text.size() && is_pair_start(text, blanks_end)) return Behind::kPair;
  if (blanks_end != position || position >= text.size() || comma_length(text, position) != 0)
    return Behind::kBreak;
  return text[position] == quote ? Behind::kQuote : Behind::kAnother;
}

/// Takes a quote that does not close the value; false: the value's end is to be sought no further.
bool take_inner(detail::InnerQuotes& inner, std::string_view before, std::size_t at, char quote,
                Behind behind) {
  if (inner.is_open() && behind != Behind::kAnother) return inner.close(at);
  if (behind == Behind::kAnother && (before.empty() || ends_in_blank_or_comma(before)))
    return inner.open();
  return quote == '\'' || inner.glue(at);  // an apostrophe is none
}

/// Whether the quote before `position` ends a value that lacks its opening one: `key=` or a comma
/// follows.
bool ends_unopened_value(std::string_view text, std::size_t position) {
  position = skip_blanks(text, position);
  return comma_length(text, position) != 0 || is_pair_start(text, position);
}

/// Where the value that begins at `begin` without a quote is ended by one, or npos: it has to be
/// the first of its kind, before the next ` key=` or a comma. A word may have an apostrophe at its
/// end, several words together hardly.
std::size_t unopened_value_end(std::string_view text, std::size_t begin) {
  bool has_blank = false;
  for (std::size_t i = begin; i < text.size();) {
    if (comma_length(text, i) != 0) return std::string_view::npos;
    if (text[i] == '"') return ends_unopened_value(text, i + 1) ? i : std::string_view::npos;
    if (text[i] == '\'' && has_blank && ends_unopened_value(text, i + 1)) return i;
    const std::size_t blank = blank_length(text, i);
    i += std::max<std::size_t>(blank, 1);
    has_blank |= blank != 0;
    if (blank != 0 && is_pair_start(text, i)) return std::string_view::npos;
  }
  return std::string_view::npos;
}

#ifdef __SSE2__
/// Bits of the bytes of a block that are ASCII and may be in a key.
std::uint32_t key_characters(__m128i bytes) {
  const auto in_range = [&](__m128i from, char first, char last) {
    const __m128i shifted = _mm_sub_epi8(from, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(static_cast<char>(last - first))),
                          shifted);
  };
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8('a' - 'A'));
  const __m128i letters = in_range(lower, 'a', 'z');
  const __m128i digits = in_range(bytes, '0', ':');  // `:` immediately follows the digits
  const __m128i marks =
      _mm_or_si128(in_range(bytes, '-', '.'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letters, digits), marks)));
}
#endif

/// Where the ASCII characters of the key that begins at `p` end.
const char* ascii_key_end(const char* p, const char* end) {
#ifdef __SSE2__
  constexpr std::ptrdiff_t kBlock = sizeof(__m128i);
  for (; end - p >= kBlock; p += kBlock) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const std::uint32_t keys = key_characters(bytes);
    if (keys != 0xFFFFU) return p + std::countr_one(keys);
  }
#endif
  while (p != end && kAsciiOfKeys[static_cast<unsigned char>(*p)]) ++p;
  return p;
}

}  // namespace

bool closes_value(std::string_view text, std::size_t position) {
  return skip_blanks(text, position) >= text.size() || ends_unopened_value(text, position);
}

bool begins_with_quoted_pair(std::string_view text) {
  if (!has_equals(text)) return false;
  const std::size_t value = pair_value(text, skip_blanks(text, 0));
  return value < text.size() && (text[value] == '"' || text[value] == '\'');
}

void unescape_value(std::string_view value, std::string& out) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escapes =
        value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\'');
    if (!escapes) out += value[i];
  }
}

/// Nearly all pairs are spelled ` key="value"`, with a space or the comma behind them.
inline bool AttributeCursor::take_plain_pair() {
  const char* const end = text_.data() + text_.size();
  const char* key = text_.data() + position_;
  if (key != end && *key == ' ') ++key;
  const char* const p = ascii_key_end(key, end);
  if (p == key || end - p < 3 || p[0] != '=' || p[1] != '"') return false;
  const char* const value = p + 2;
  const auto* const quote =
      static_cast<const char*>(std::memchr(value, '"', static_cast<std::size_t>(end - value)));
  if (quote == nullptr || quote + 1 == end || (quote[1] != ' ' && quote[1] != ',') ||
      quote[-1] == '\\')
    return false;
  key_ = {key, static_cast<std::size_t>(p - key)};
  value_ = {value, static_cast<std::size_t>(quote - value)};
  position_ = static_cast<std::size_t>(quote + 1 - text_.data());
  after_last_pair_ = position_;
  return true;
}

bool AttributeCursor::next() {
  has_escapes_ = false;
  // The comma before nearly all names.
  if (position_ < text_.size() && text_[position_] == ',' &&
      !has_equals(text_.substr(position_ + 1))) {
    found_comma_ = true;
    name_begin_ = position_ + 1;
    return false;
  }
  if (take_plain_pair()) {
    right_behind_value_ = true;
    return true;
  }
  return take_pair();
}

/// Whether the comma at position_ begins the name; else it is passed.
bool AttributeCursor::take_comma(std::size_t length) {
  const std::size_t behind = position_ + length;
  if (names_ == Names::kNone ||
      (!looks_ahead_ && begins_with_quoted_pair(text_.substr(behind)) && comma_is_left(behind))) {
    position_ = behind;
    right_behind_value_ = true;
    return false;
  }
  found_comma_ = true;
  name_begin_ = behind;
  return true;
}

/// Whether a comma outside values follows `position`.
bool AttributeCursor::comma_is_left(std::size_t position) {
  AttributeCursor ahead(*this);
  ahead.looks_ahead_ = true;
  ahead.position_ = position;
  while (ahead.next()) continue;
  // What the look ahead learnt of closing quotes holds for what is read next.
  no_double_closes_ = ahead.no_double_closes_;
  no_single_closes_ = ahead.no_single_closes_;
  return ahead.found_comma_;
}

bool AttributeCursor::take_pair() {
  while (true) {
    position_ = skip_blanks(text_, position_);
    if (position_ >= text_.size()) return false;
    std::size_t comma = text_[position_] == ',' ? 1 : 0;
    if (comma == 0 && right_behind_value_) comma = comma_length(text_, position_);
    if (comma != 0) {
      if (take_comma(comma)) return false;
      continue;
    }
    right_behind_value_ = false;
    const std::size_t begin = position_;
    position_ = key_end(text_, begin);
    key_ = text_.substr(begin, position_ - begin);
    position_ = skip_blanks(text_, position_);
    if (!key_.empty() && position_ < text_.size() && text_[position_] == '=') {
      const std::size_t value = skip_blanks(text_, position_ + 1);
      const bool after_blanks = value != position_ + 1;
      position_ = value;
      read_value(after_blanks);
      after_last_pair_ = position_;
      right_behind_value_ = true;
      return true;
    }
    // A character that cannot begin a key; a full-width comma is one of several bytes.
    if (key_.empty()) position_ += std::max<std::size_t>(comma_length(text_, position_), 1);
    if (!found_stray_) stray_begin_ = begin;
    if (after_last_pair_ == 0) stray_end_ = position_;
    found_stray_ = true;
  }
}

void AttributeCursor::read_value(bool after_blanks) {
  value_ = {};
  if (position_ >= text_.size()) return;
  const char c = text_[position_];
  if (c == '"' || c == '\'')
    read_quoted(c);
  else if (!after_blanks || !is_pair_start(text_, position_))  // `a= b="x"`: a is empty
    read_plain();
}

void AttributeCursor::close_value(std::size_t begin, std::size_t quote) {
  value_ = text_.substr(begin, quote - begin);
  // Between apostrophes a `\"` needs no escaping and is one all the same.
  if (text_[quote] == '\'' && value_.contains("\\\"")) has_escapes_ = true;
  position_ = quote + 1;
}

/// Whether one of the quotes behind `from` closes the value, before another value is opened. `from`
/// is right behind a quote: a pair may be glued to it.
bool AttributeCursor::closes_again(char quote, std::size_t begin, std::size_t from) {
  if (closing_.quote == quote && from <= closing_.at) return closing_.closes;
  const std::size_t glued = pair_value(text_, from);
  closing_ = {.at = text_.size(), .quote = quote, .closes = false};
  for (std::size_t at = text_.find(quote, from); at != std::string_view::npos;
       at = text_.find(quote, at + 1)) {
    // One behind ` key=` opens, whatever its value begins with.
    const bool opens = pair_start_before(text_, begin, at) != std::string_view::npos;
    const bool closes = !opens && closes_value(text_, at + 1);
    if (!opens && !closes && at != glued) continue;
    closing_ = {.at = at, .quote = quote, .closes = closes};
    break;
  }
  return closing_.closes;
}

void AttributeCursor::read_quoted(char quote) {
  const std::size_t begin = ++position_;
  bool& none_closes = quote == '"' ? no_double_closes_ : no_single_closes_;
  detail::InnerQuotes inner;
  for (std::size_t at = begin; !none_closes; ++at) {
    at = text_.find(quote, at);
    if (at == std::string_view::npos) {
      none_closes = !inner.has_closed();
      break;
    }
    if (at > begin && text_[at - 1] == '\\') {
      if (!closes_again(quote, begin, at + 1)) return close_value(begin, at);
      has_escapes_ = true;
      continue;
    }
    const Behind behind = behind_quote(text_, at + 1, quote);
    if (behind == Behind::kPair || (behind == Behind::kBreak && !inner.is_open()))
      return close_value(begin, at);
    // Either a quote inside the value, or the opening quote of the next pair's value.
    const std::size_t pair = pair_start_before(text_, begin, at);
    if (pair != std::string_view::npos && inner.end() == std::string_view::npos)
      return end_value_before(begin, pair);
    if (pair != std::string_view::npos ||
        !take_inner(inner, text_.substr(begin, at - begin), at, quote, behind))
      break;
  }
  if (inner.end() != std::string_view::npos) return close_value(begin, inner.end());
  read_unclosed(begin, quote);
}

/// A value whose closing quote is missing: another pair begins at `pair`.
void AttributeCursor::end_value_before(std::size_t begin, std::size_t pair) {
  found_open_quote_ = true;
  value_ = trim_blanks(text_.substr(begin, pair - begin));
  while (value_.ends_with(',')) value_ = trim_blanks(value_.substr(0, value_.size() - 1));
  position_ = pair;
}

/// Without a closing quote the value ends before the next ` key=` or at the comma.
void AttributeCursor::read_unclosed(std::size_t begin, char quote) {
  found_open_quote_ = true;
  position_ = begin;
  while (position_ < text_.size() && text_[position_] != ',') {
    const std::size_t blank = blank_length(text_, position_);
    if (blank != 0 && is_pair_start(text_, position_ + blank)) break;
    position_ += std::max<std::size_t>(blank, 1);
    // A run of key characters can only begin a pair at its first one: skip the rest of it.
    position_ = key_end(text_, position_);
  }
  if (position_ == text_.size()) quote_open_at_end_ = quote;
  value_ = trim_blanks(text_.substr(begin, position_ - begin));
}

void AttributeCursor::read_plain() {
  const std::size_t begin = position_;
  const std::size_t quote = unopened_value_end(text_, begin);
  if (quote != std::string_view::npos) {
    found_open_quote_ = true;
    return close_value(begin, quote);
  }
  while (position_ < text_.size() && blank_length(text_, position_) == 0 &&
         comma_length(text_, position_) == 0)
    ++position_;
  value_ = text_.substr(begin, position_ - begin);
}

std::string_view AttributeCursor::rest() const {
  if (found_comma_) return trim_name(text_.substr(name_begin_));
  const std::string_view behind =
      trim_blanks(text_.substr(std::min(after_last_pair_, text_.size())));
  if (!behind.empty() || stray_end_ == 0) return behind;
  // A semicolon or the like is no name.
  const std::string_view before = text_.substr(stray_begin_, stray_end_ - stray_begin_);
  const auto is_of_names = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || (static_cast<unsigned char>(c) & 0x80U) != 0;
  };
  return std::ranges::any_of(before, is_of_names) ? trim_name(before) : behind;
}

}  // namespace m3u_proxy::formats
