// M3U reader: chunks of a playlist in, batches of channels out.
//
// Reads the dialect that players agree on (docs/formats.md); every tolerance is counted with its
// line. Pure: no I/O, no clock; parse_m3u() may run on several chunks at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>

namespace m3u_proxy::formats {

/// What the #EXTM3U line says.
struct M3uHeader {
  bool present = false;
  std::vector<std::string> guide_urls;  ///< url-tvg and x-tvg-url, split at commas
  std::string tvg_shift;                ///< default of the entries
  std::vector<std::pair<std::string, std::string>> catchup;  ///< catchup*: defaults of the entries
};

/// Looks at the beginning of an input (M3uSplitter::beginning()) and reads the header, which stands
/// before the first entry. Error kParse when it is no playlist: empty, an HTML page, JSON, an HLS
/// playlist, text without any #EXTINF, or a header without entries; the message says what was
/// found and shows its first words.
Result<M3uHeader> read_m3u_header(std::string_view beginning);

/// What all chunks of a source share.
struct M3uSource {
  std::uint16_t index = 0;  ///< of the source in its proxy; goes into every row
  M3uHeader header;
  Uuid id;                ///< the source's id
  bool with_ids = false;  ///< compute channel ids
};

/// Appends the chunk's channels to `batch`, whose views stay in the chunk: keep it as long as the
/// batch. Lines of `problems` count from 1 at the chunk's beginning. Throws memory::OverBudget.
void parse_m3u(const M3uChunk& chunk, const M3uSource& source, catalog::ChannelBatch& batch,
               ProblemLog& problems);

/// The key a channel's id is made of, from its URL and name before rules: `stream:<id>` for URLs
/// of Xtream servers, else `url:` + path and query without host and token-like parts + LF + name
/// (docs/formats.md).
std::string channel_key(std::string_view url, std::string_view name);

/// The key of a channel whose channel_key() an earlier one of its source has already: only what is
/// a token by its name is left out. Where that is taken too, the `ordinal`-th of this key (from 2)
/// has an own one.
std::string channel_variant_key(std::string_view url, std::string_view name,
                                std::uint64_t ordinal = 1);

/// The last component of a URL's path, without query and pipe suffix: the name of a nameless entry.
std::string_view last_path_component(std::string_view url);

}  // namespace m3u_proxy::formats
