// The #EXTINF line: what follows its colon, its duration, its attributes and its name, and
// whether the line below it belongs to it.
//
// Pure. The functions that write into a batch throw memory::OverBudget.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::formats {

/// What follows `#EXTINF:`, however it is spelled, of a line of that kind.
std::string_view extinf_text(std::string_view line);

/// The duration at the front of that text, removed from it.
std::string_view take_duration(std::string_view& text);

/// Whether `line`, which follows right on the #EXTINF line `extinf`, goes on with its last value:
/// that one's quote is open, no comma and no ` key=` follow it, and `line` closes it. Never
/// for a line that begins with `#` or a scheme.
bool continues_extinf(std::string_view extinf, std::string_view line);

/// Appends both lines as the one they were, a blank between two words.
void join_extinf(std::string_view extinf, std::string_view line, std::string& out);

/// Reads #EXTINF lines into the last row of a batch. Keeps scratch; one a thread.
class ExtinfReader {
 public:
  ExtinfReader(catalog::ChannelBatch& batch, ProblemLog& problems)
      : batch_(batch), problems_(problems), table_(&batch.arena()) {}

  /// Sets the row's duration, fields and attributes from `line`, a view that lives as long as the
  /// batch, and returns the name. What was repaired is counted with `line_number`.
  std::string_view read(std::string_view line, std::uint64_t line_number);

 private:
  [[gnu::always_inline]] void take(std::string_view key, std::string_view value);
  void repeat_field(catalog::ChannelField field, std::string_view value);
  void take_attribute(std::string_view key, std::string_view value);
  bool replace_catchup(std::string_view key, std::string_view value);
  bool is_there(std::string_view key);
  void add_group(std::string_view group);
  void join_groups();

  catalog::ChannelBatch& batch_;
  ProblemLog& problems_;
  std::size_t row_ = 0;
  std::uint32_t seen_fields_ = 0;  ///< a bit a field
  std::uint64_t seen_keys_ = 0;    ///< a bit for several keys: a clear one says that a key is new
  bool found_repeated_ = false;
  std::vector<std::string_view> groups_;   ///< of several group-titles
  std::vector<std::string_view> empty_;    ///< keys that had no value
  std::pmr::vector<std::uint32_t> table_;  ///< where the keys of a row with very many are
  std::uint32_t in_table_ = 0;
  std::string scratch_;
};

}  // namespace m3u_proxy::formats
