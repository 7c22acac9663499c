// Json: reading what the host says as JSON.
#pragma once

#include "containers.hpp"

namespace m3u {

/// A view of one JSON value; an empty one stands for what is not there.
class Json {
 public:
  Json() = default;
  explicit Json(Text value) : value_(trimmed(value)) {}

  [[nodiscard]] bool exists() const { return !value_.empty(); }
  [[nodiscard]] bool is_text() const { return value_.starts_with("\""); }
  /// As written, quotes and escapes included.
  [[nodiscard]] Text raw() const { return value_; }

  /// The member of an object.
  [[nodiscard]] Json operator[](Text key) const {
    Json found;
    members([&](Text name, Json value) {
      if (!found.exists() && name == key) found = value;
    });
    return found;
  }
  /// Calls member(name, value) for each member of an object; names are as written.
  template <typename F>
  void members(F&& member) const {
    if (!value_.starts_with("{")) return;
    for (size_t i = 1; i < value_.size();) {
      const size_t key = skip_space(i);
      if (key >= value_.size() || value_[key] != '"') return;
      const size_t key_end = end_of(key);
      const size_t colon = skip_space(key_end);
      const size_t begin = skip_space(colon + 1);
      const size_t end = end_of(begin);
      member(value_.substr(key + 1, key_end - key - 2), Json(value_.substr(begin, end - begin)));
      i = skip_space(end) + 1;
    }
  }
  /// Calls item(value) for each item of an array.
  template <typename F>
  void items(F&& item) const {
    if (!value_.starts_with("[")) return;
    for (size_t i = 1; i < value_.size();) {
      const size_t begin = skip_space(i);
      const size_t end = end_of(begin);
      if (end == begin) return;
      item(Json(value_.substr(begin, end - begin)));
      i = skip_space(end) + 1;
    }
  }

  /// A text without quotes and escapes, kept in `arena`; anything else as written; `fallback`
  /// when there is nothing.
  Text text(Arena& arena, Text fallback = {}) const {
    if (!exists()) return fallback;
    if (!is_text() || value_.size() < 2) return value_;
    const Text inner = value_.substr(1, value_.size() - 2);
    if (inner.find('\\') == SIZE_MAX) return inner;
    char* const begin = arena.allocate(inner.size());
    char* end = begin;
    for (size_t i = 0; i < inner.size(); ++i)
      if (inner[i] == '\\' && i + 1 < inner.size())
        i = unescape(inner, i + 1, end);
      else
        *end++ = inner[i];
    return {begin, static_cast<size_t>(end - begin)};
  }
  [[nodiscard]] double number(double fallback = 0) const {
    size_t i = 0;
    const bool negative = value_.starts_with("-");
    if (negative) ++i;
    if (i >= value_.size() || value_[i] < '0' || value_[i] > '9') return fallback;
    double result = 0;
    for (; i < value_.size() && is_digit(value_[i]); ++i) result = result * 10 + (value_[i] - '0');
    if (i < value_.size() && value_[i] == '.') {
      double unit = 0.1;
      for (++i; i < value_.size() && is_digit(value_[i]); ++i, unit /= 10)
        result += unit * (value_[i] - '0');
    }
    return negative ? -result : result;
  }
  [[nodiscard]] bool flag(bool fallback = false) const {
    return value_ == "true" || (value_ != "false" && fallback);
  }

 private:
  static constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static Text trimmed(Text text) {
    size_t begin = 0;
    size_t end = text.size();
    while (begin < end && is_space(text[begin])) ++begin;
    while (end > begin && is_space(text[end - 1])) --end;
    return text.substr(begin, end - begin);
  }
  [[nodiscard]] size_t skip_space(size_t i) const {
    while (i < value_.size() && is_space(value_[i])) ++i;
    return i;
  }
  [[nodiscard]] size_t end_of_text(size_t i) const {
    for (++i; i < value_.size() && value_[i] != '"'; ++i)
      if (value_[i] == '\\') ++i;
    return i + 1 < value_.size() ? i + 1 : value_.size();
  }
  /// Where the value that begins at `i` ends.
  [[nodiscard]] size_t end_of(size_t i) const {
    size_t depth = 0;
    while (i < value_.size()) {
      const char c = value_[i];
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':' || is_space(c))) return i;
      if (c == '"') {
        i = end_of_text(i);
        if (depth == 0) return i;
        continue;
      }
      ++i;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return i;
    }
    return value_.size();
  }
  static uint32_t hex4(Text text, size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4 && i < text.size(); ++i) {
      const char c = ascii_lower(text[i]);
      value = value * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
  }
  static void append_utf8(char*& end, uint32_t c) {
    const auto tail = [&](uint32_t shift) {
      *end++ = static_cast<char>(0x80U | ((c >> shift) & 0x3fU));
    };
    if (c < 0x80) {
      *end++ = static_cast<char>(c);
    } else if (c < 0x800) {
      *end++ = static_cast<char>(0xc0U | (c >> 6U));
      tail(0);
    } else if (c < 0x10000) {
      *end++ = static_cast<char>(0xe0U | (c >> 12U));
      tail(6), tail(0);
    } else {
      *end++ = static_cast<char>(0xf0U | (c >> 18U));
      tail(12), tail(6), tail(0);
    }
  }
  /// Writes what the escape at `i`, behind its backslash, stands for; returns its last byte's
  /// place.
  static size_t unescape(Text text, size_t i, char*& end) {
    constexpr Text kNames = "bfnrt";
    constexpr Text kMeanings = "\b\f\n\r\t";
    const char c = text[i];
    if (c == 'u') {
      uint32_t code = hex4(text, i + 1);
      i += 4;
      if (code >= 0xd800 && code < 0xdc00 && text.substr(i + 1, 2) == "\\u") {
        code = 0x10000 + ((code - 0xd800) << 10U) + (hex4(text, i + 3) - 0xdc00);
        i += 6;
      }
      append_utf8(end, code);
    } else {
      const size_t name = kNames.find(c);
      *end++ = name == SIZE_MAX ? c : kMeanings[name];
    }
    return i;
  }

  Text value_;
};

}  // namespace m3u
