// AttributeCursor: the `key="value"` pairs of an #EXTINF or #EXTM3U line, read as players do.
//
// Follows no written standard (there is none) but what real playlists hold: double, single or no
// quotes, spaces around `=`, pairs glued together, closing quotes forgotten, quotes inside values.
// Pure; views into the line; no allocation; time linear in the line.
#pragma once

#include <string_view>

namespace m3u_proxy::formats {

class AttributeCursor {
 public:
  explicit AttributeCursor(std::string_view text) : text_(text) {}

  /// Moves to the next pair; false when the name begins (after the first comma outside values)
  /// or the text ends.
  bool next();
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }

  /// After next() gave false: whether a comma was found, and what stands behind it; without a
  /// comma, what stands behind the last pair.
  [[nodiscard]] bool found_comma() const { return found_comma_; }
  [[nodiscard]] std::string_view rest() const;
  /// Whether text that belongs to no pair stood before the comma.
  [[nodiscard]] bool found_stray_text() const { return found_stray_; }
  /// Whether a value lacked its closing quote.
  [[nodiscard]] bool found_open_quote() const { return found_open_quote_; }

 private:
  bool take_plain_pair();
  void skip_spaces();
  void read_value();
  void read_quoted(char quote);
  void read_plain();

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t after_last_pair_ = 0;
  std::string_view key_;
  std::string_view value_;
  bool found_comma_ = false;
  bool found_stray_ = false;
  bool found_open_quote_ = false;
};

}  // namespace m3u_proxy::formats
