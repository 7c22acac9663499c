// Column: one field of all rows, and the rows that have a word in it.
#pragma once

#include "containers.hpp"
#include "frame_table.hpp"
#include "search.hpp"

namespace m3u {

/// The values of one field of all rows, which are side by side in the frame's text.
class Column {
 public:
  Column() = default;
  Column(const char* text, detail::Vector<uint32_t> offsets)
      : text_(text), offsets_(offsets.items), size_(offsets.size == 0 ? 0 : offsets.size - 1) {}

  [[nodiscard]] uint32_t size() const { return size_; }
  Text operator[](size_t row) const {
    return {text_ + offsets_[row], offsets_[row + 1] - offsets_[row]};
  }
  [[nodiscard]] const uint32_t* offsets() const { return offsets_; }
  /// The text that the offsets are about.
  [[nodiscard]] const char* text() const { return text_; }
  /// All values, one right behind the other.
  [[nodiscard]] Text all() const {
    if (size_ == 0) return {};
    return {text_ + offsets_[0], offsets_[size_] - offsets_[0]};
  }

  /// Calls found(row), in order, for each row whose value has the ASCII word in it, without regard
  /// to case: what the rules' `contains` finds. Much faster than looking at each row.
  template <typename F>
  void rows_containing(Text word, F&& found) const {
    if (size_ == 0) return;
    if (word.empty()) {
      for (uint32_t row = 0; row < size_; ++row) found(row);
    } else if (has_other_letters()) {
      rows_containing_folded(word, found);
    } else {
      search(all(), word, found);
    }
  }

 private:
  // Two letters beyond ASCII are the same as ASCII ones where case does not count: U+017F LONG S
  // and U+212A KELVIN SIGN.
  static constexpr char kLongS[] = "\xc5\xbf";
  static constexpr char kKelvin[] = "\xe2\x84\xaa";

  [[nodiscard]] bool has_other_letters() const {
    return detail::Finder(kLongS).find(all(), 0) != SIZE_MAX ||
           detail::Finder(kKelvin).find(all(), 0) != SIZE_MAX;
  }

  template <typename F>
  void search(Text text, Text word, F&& found) const {
    const detail::Finder finder(word);
    const uint32_t base = offsets_[0];
    uint32_t row = 0;
    for (size_t at = finder.find(text, 0); at != SIZE_MAX;) {
      while (offsets_[row + 1] - base <= at) ++row;
      const size_t row_end = offsets_[row + 1] - base;
      const bool inside = at + word.size() <= row_end;
      if (inside) found(row);
      at = finder.find(text, inside ? row_end : at + 1);
    }
  }

  template <typename F>
  void rows_containing_folded(Text word, F&& found) const {
    Array<char> folded;
    for (uint32_t row = 0; row < size_; ++row) {
      const Text value = (*this)[row];
      folded.clear();
      for (size_t i = 0; i < value.size(); ++i) {
        const Text rest = value.substr(i);
        const bool long_s = rest.starts_with(kLongS);
        const bool kelvin = rest.starts_with(kKelvin);
        folded.push_back(long_s ? 's' : kelvin ? 'k' : value[i]);
        if (long_s || kelvin) i += long_s ? 1 : 2;
      }
      if (contains_ascii_case({folded.data(), folded.size()}, word)) found(row);
    }
  }

  const char* text_ = nullptr;
  const uint32_t* offsets_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace m3u
