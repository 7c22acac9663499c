// SortKey: several fields as one row of bytes that compares, byte by byte, as the fields do one
// after the other; the key of a BlobSorter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace m3u_proxy::spill {

enum class SortOrder : std::uint8_t { kAscending, kDescending };

class SortKey {
 public:
  void clear() { bytes_.clear(); }
  /// By its bytes; a text comes before those that it begins.
  void add_text(std::string_view text, SortOrder order = SortOrder::kAscending);
  void add_number(std::uint64_t number, SortOrder order = SortOrder::kAscending);
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  void turn(std::size_t from, SortOrder order);
  std::string bytes_;
};

}  // namespace m3u_proxy::spill
