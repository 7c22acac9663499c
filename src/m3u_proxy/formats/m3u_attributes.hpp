// AttributeCursor: the `key="value"` pairs of an #EXTINF or #EXTM3U line, read as players do.
//
// Follows no written standard (there is none) but what real playlists hold: double, single or no
// quotes, spaces around `=`, pairs glued together or with commas between them, an opening or a
// closing quote forgotten, quotes inside values, escaped or not, text glued to a closing quote
// (docs/formats.md has the rules). Pure; views into the line; no allocation; time linear in the
// line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace m3u_proxy::formats {

namespace detail {

/// The quotes inside a quoted value that nobody escaped, as in `The "Big" One`. One behind a blank
/// opens a quotation, whose end is not that of the value. A value that nothing else ends is closed
/// by the first quote of those that end a quotation or have text glued to them (`"a"b`).
class InnerQuotes {
 public:
  /// Whether a quotation is open.
  [[nodiscard]] bool is_open() const { return depth_ != 0; }

  /// Takes a quote that opens a quotation. This and the next two are false when so many followed
  /// the first that may end the value that the value should end there.
  bool open() {
    ++depth_;
    return pass();
  }
  /// Takes the one at `at`, which ends a quotation.
  bool close(std::size_t at) {
    --depth_;
    if (closed_ == kNone) closed_ = at;
    return pass();
  }
  /// Takes the one at `at`, which text is glued to.
  bool glue(std::size_t at) {
    if (passed_ == 0) glued_ = at;  // so it is the earliest
    return pass();
  }

  /// The quote that ends a value without another end, or npos.
  [[nodiscard]] std::size_t end() const { return glued_ != kNone ? glued_ : closed_; }
  /// Whether a quotation ended.
  [[nodiscard]] bool has_closed() const { return closed_ != kNone; }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;
  /// Quotes that are looked at behind the first that may end the value, so that a line of nothing
  /// but quotes is not searched to its end for every pair.
  static constexpr int kMost = 16;

  bool pass() {
    if (end() == kNone || ++passed_ <= kMost) return true;
    glued_ = kNone;
    return closed_ == kNone;
  }

  int depth_ = 0;
  int passed_ = 0;
  std::size_t closed_ = kNone;
  std::size_t glued_ = kNone;
};

}  // namespace detail

class AttributeCursor {
 public:
  /// Whether a name is behind the pairs. In a header there is none: every comma outside values
  /// separates pairs.
  enum class Names : std::uint8_t { kNone, kLast };

  /// `text`: what follows the duration.
  explicit AttributeCursor(std::string_view text, Names names = Names::kLast)
      : text_(text), names_(names) {}

  /// Moves to the next pair; false when the name begins (behind the first comma outside values
  /// that does not only separate attributes) or the text ends.
  bool next();
  [[nodiscard]] std::string_view key() const { return key_; }
  /// As written on the line; where it has escapes, unescape_value() gives the real one.
  [[nodiscard]] std::string_view value() const { return value_; }
  [[nodiscard]] bool value_has_escapes() const { return has_escapes_; }

  /// After next() gave false: whether a comma was found, and what follows it without further
  /// commas and blanks; without a comma, what follows the last pair, or where nothing does, the
  /// text before the first one.
  [[nodiscard]] bool found_comma() const { return found_comma_; }
  [[nodiscard]] std::string_view rest() const;
  /// Whether text that belongs to no pair was before the comma.
  [[nodiscard]] bool found_stray_text() const { return found_stray_; }
  /// Whether a value lacked its opening or closing quote.
  [[nodiscard]] bool found_open_quote() const { return found_open_quote_; }
  /// After next() gave false: the quote of a value that nothing but the text's end ends, or 0.
  [[nodiscard]] char quote_open_at_end() const { return quote_open_at_end_; }

 private:
  [[gnu::always_inline]] bool take_plain_pair();
  bool take_pair();
  bool take_comma(std::size_t length);
  bool comma_is_left(std::size_t position);
  void read_value(bool after_blanks);
  void read_quoted(char quote);
  void end_value_before(std::size_t begin, std::size_t pair);
  void read_unclosed(std::size_t begin, char quote);
  void close_value(std::size_t begin, std::size_t quote);
  bool closes_again(char quote, std::size_t begin, std::size_t from);
  void read_plain();

  /// What a look ahead for a closing quote found, so that no part of the line is searched twice.
  struct Closing {
    std::size_t at = 0;  ///< searched up to here
    char quote = '\0';
    bool closes = false;
  };

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t after_last_pair_ = 0;
  std::size_t name_begin_ = 0;
  std::size_t stray_begin_ = 0;  ///< of the text before the first pair
  std::size_t stray_end_ = 0;    ///< 0: there is none
  std::string_view key_;
  std::string_view value_;
  Closing closing_;
  Names names_;
  bool has_escapes_ = false;
  bool right_behind_value_ = true;  ///< or behind the duration: a full-width comma counts
  bool looks_ahead_ = false;        ///< only for the next comma outside values
  bool no_double_closes_ = false;   ///< none of the quotes to come closes a value
  bool no_single_closes_ = false;
  bool found_comma_ = false;
  bool found_stray_ = false;
  bool found_open_quote_ = false;
  char quote_open_at_end_ = '\0';
};

/// Whether a value ends with the quote that is right before `position`: blanks and `key=`, a
/// comma or the end of the text follow.
bool closes_value(std::string_view text, std::size_t position);

/// Whether the text behind a comma, further blanks aside, is `key="` or `key='`.
bool begins_with_quoted_pair(std::string_view text);

/// Appends a value without the backslashes before its quotes.
void unescape_value(std::string_view value, std::string& out);

}  // namespace m3u_proxy::formats
