// Text: a view of UTF-8 text, and comparing ASCII letters without case.
#pragma once

#include "platform.hpp"

namespace m3u {

/// A view of UTF-8 text, like std::string_view, which converts to it and from it.
class Text {
 public:
  constexpr Text() = default;
  constexpr Text(const char* data, size_t size) : data_(data), size_(size) {}
  template <size_t N>
  constexpr Text(const char (&literal)[N]) : data_(literal), size_(N - 1) {}
  /// From anything that has data() and size(): std::string, std::string_view, m3u::Buffer.
  template <typename S>
    requires requires(const S& s) { static_cast<const char*>(s.data()) + s.size(); }
  constexpr Text(const S& s) : data_(s.data()), size_(s.size()) {}
  /// To anything that is made of a pointer and a size.
  template <typename S>
    requires requires(const char* p, size_t n) {
      typename S::traits_type;
      S(p, n);
    }
  constexpr explicit operator S() const {
    return S(data_, size_);
  }

  [[nodiscard]] constexpr const char* data() const { return data_; }
  [[nodiscard]] constexpr size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  [[nodiscard]] constexpr const char* begin() const { return data_; }
  [[nodiscard]] constexpr const char* end() const { return data_ + size_; }
  constexpr char operator[](size_t i) const { return data_[i]; }
  /// From `first` on, at most `count` bytes; empty beyond the end.
  [[nodiscard]] constexpr Text substr(size_t first, size_t count = SIZE_MAX) const {
    if (first >= size_) return {data_ + size_, 0};
    return {data_ + first, count < size_ - first ? count : size_ - first};
  }
  [[nodiscard]] constexpr bool starts_with(Text start) const {
    return size_ >= start.size_ && substr(0, start.size_) == start;
  }
  /// Where `c` first appears, at or after `from`; SIZE_MAX when it does not.
  [[nodiscard]] constexpr size_t find(char c, size_t from = 0) const {
    for (size_t i = from; i < size_; ++i)
      if (data_[i] == c) return i;
    return SIZE_MAX;
  }
  friend constexpr bool operator==(Text a, Text b) {
    if (a.size_ != b.size_) return false;
    if (a.data_ == b.data_) return true;
    return a.size_ == 0 || __builtin_memcmp(a.data_, b.data_, a.size_) == 0;
  }

 private:
  const char* data_ = "";
  size_t size_ = 0;
};

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_ascii_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
/// Equal when ASCII letters are compared without case.
constexpr bool equals_ascii_case(Text a, Text b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

}  // namespace m3u
