// M3U writer: batches of channels in, the text of a playlist out.
//
// With any values the text reads back to the same channels: quotes become apostrophes,
// line ends and tabs become spaces, other control characters are dropped. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::formats {

/// A text that grows, charged to the Budget by its memory resource.
using OutputText = std::pmr::string;

struct M3uWriterOptions {
  std::string stream_prefix{};  ///< "{base_url}/stream/{proxy22}/"; empty: the source's own URLs
  bool no_commas = false;       ///< names without commas, for players that cut at the last one
  bool write_tvg_shift = true;
};

/// The form in which an attribute's value is written; `cleaned` holds it where it differs.
std::string_view clean_value(std::string_view value, OutputText& cleaned);

/// `#EXTM3U` and, when `guide_url` is not empty, where the guide is.
void write_m3u_header(std::string_view guide_url, OutputText& out);

/// Appends the batch's entries. An entry that would not read back (no URL, one that reads as no
/// address, a line beyond 1 MB) is skipped and counted. Returns how many were written. `on_url`,
/// where there is one, gets each address as it was written; `rows`, where given, gets 1 for each
/// row that was written, and 0 for the others.
using OnUrl = std::function<void(std::string_view url)>;
std::uint64_t write_m3u(const catalog::ChannelBatch& batch, const M3uWriterOptions& options,
                        OutputText& out, ProblemLog& problems, const OnUrl& on_url = {},
                        std::vector<std::uint8_t>* rows = nullptr);

}  // namespace m3u_proxy::formats
