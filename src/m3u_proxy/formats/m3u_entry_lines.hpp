// EntryLines: which lines of a playlist end an entry, for the splitter, which has to know it
// without reading the entry.
//
// Pure. Scratch only for lines that are not UTF-8.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/formats/m3u_lines.hpp>

namespace m3u_proxy::formats {

class EntryLines {
 public:
  /// `genres`: M3uHeader::genres. `waits`: whether an #EXTINF waits for its address already.
  explicit EntryLines(bool genres, bool waits = false) : genres_(genres), waits_(waits) {}

  /// Looks at the next line, as trim_line() gives it. True when it is the address of an entry.
  bool ends_entry(std::string_view line);
  /// The kind of that line.
  [[nodiscard]] LineKind kind() const { return kind_; }
  /// Whether an #EXTINF waits.
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  bool genres_;
  bool waits_;
  LineKind kind_ = LineKind::kSkip;
  std::string_view extinf_;  // the line before is this one
  std::string converted_;
  std::string converted_extinf_;
};

/// An entry of a `#genre#` list.
struct GenreEntry {
  std::string_view name;
  std::string_view url;  ///< empty: the line is none
};
GenreEntry genre_entry(std::string_view line);
/// The group that a `Group,#genre#` line names.
std::string_view genre_group(std::string_view line);

}  // namespace m3u_proxy::formats
