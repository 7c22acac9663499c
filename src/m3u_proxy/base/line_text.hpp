// What fits on one line: names, titles and other values that people give.
//
// Pure and thread-safe.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace m3u_proxy {

/// Whether the text has no control character of ASCII (a line break, a tab, NUL, DEL …) in it.
constexpr bool is_one_line(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

/// Makes a blank of each of them, so that what others wrote is shown, or sent in a header, as one
/// line.
constexpr void blank_controls(std::span<char> text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
}

}  // namespace m3u_proxy
