// M3U reader: chunks of a playlist in, batches of channels out.
//
// Reads the dialect that players agree on (docs/formats.md); every tolerance is counted with its
// line. Pure: no I/O, no clock; parse_m3u() may run on several chunks at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>

namespace m3u_proxy::formats {

/// What the beginning of a playlist says.
struct M3uHeader {
  bool present = false;                 ///< there is an #EXTM3U line
  std::vector<std::string> guide_urls;  ///< url-tvg and x-tvg-url, split at commas
  std::string tvg_shift;                ///< default of the entries
  std::vector<std::pair<std::string, std::string>> catchup;  ///< catchup*: defaults of the entries
  bool genres = false;         ///< it has `Group,#genre#` lines: `Name,URL` is an entry
  std::size_t skip = 0;        ///< bytes before the first #EXTM3U, for M3uSplitter::skip()
  std::uint64_t lines = 0;     ///< of the header: #EXTM3U lines behind it are repeated ones
  std::uint64_t comments = 0;  ///< lines up to here may have comments that look like `#NAME:`
};

/// Looks at the beginning of an input (M3uSplitter::beginning()) and reads the header: every
/// #EXTM3U line before the first entry. What was skipped or repeated is counted. Error kParse when
/// it is no playlist: empty, an HTML page, JSON, an HLS playlist, text without any #EXTINF, or a
/// header without entries; the message says what was found and shows its first words.
Result<M3uHeader> read_m3u_header(std::string_view beginning, ProblemLog& problems);
/// Reads the header of what `source` gives, and sets the splitter to the entries behind it. Before
/// its first next(). Errors: as M3uSplitter::next() and read_m3u_header().
Result<M3uHeader> begin_m3u(M3uSplitter& splitter, io::ByteSource& source, ProblemLog& problems);

/// What all chunks of a source share.
struct M3uSource {
  std::uint16_t index = 0;  ///< of the source in its proxy; goes into every row
  M3uHeader header;
  Uuid id;                ///< the source's id
  bool with_ids = false;  ///< compute channel ids
};

/// What a chunk leaves to those behind it and expects from those before it: the group that an
/// #EXTGRP line before its #EXTINF opened.
struct M3uGroups {
  std::size_t rows_before = 0;           ///< rows before the first line that opens or ends a group
  std::optional<std::string_view> open;  ///< at the chunk's end, in its text or batch; nullopt:
                                         ///< what was open at its beginning
};

/// Appends the chunk's channels to `batch`, whose views stay in the chunk: keep it as long as the
/// batch. Lines of `problems` count from 1 at the chunk's beginning. What it returns goes to
/// OpenGroup::carry(), chunk by chunk in order. Throws memory::OverBudget.
M3uGroups parse_m3u(const M3uChunk& chunk, const M3uSource& source, catalog::ChannelBatch& batch,
                    ProblemLog& problems);

/// The group that is open from one chunk of a source to the next: the serial end of reading.
class OpenGroup {
 public:
  /// Gives the open group to the rows of the chunk's batch that expect it (none of them may be
  /// gone yet), and remembers what the chunk leaves open. Throws memory::OverBudget.
  void carry(const M3uGroups& groups, catalog::ChannelBatch& batch);
  /// Another source begins.
  void clear() { group_.clear(); }

 private:
  std::string group_;
};

/// The key a channel's id is made of, from its URL and name before rules: `stream:<id>` for URLs
/// of Xtream servers, else `url:` + path and query without host and token-like parts + LF + name
/// (docs/formats.md). Written to `space`, which is as long as it.
std::string_view channel_key(std::string_view url, std::string_view name, std::string& space);

/// The key of a channel whose channel_key() an earlier one of its source has already: only what is
/// a token by its name is left out. Where that is taken too, the `ordinal`-th of this key (from 2)
/// has an own one.
std::string channel_variant_key(std::string_view url, std::string_view name,
                                std::uint64_t ordinal = 1);

/// The last component of a URL's path, without query and pipe suffix: the name of a nameless entry.
/// The whole URL where that has nothing but commas and blanks.
std::string_view last_path_component(std::string_view url);

}  // namespace m3u_proxy::formats
