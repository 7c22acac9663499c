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

/// Which logos are written as addresses of ours, in playlist and guide.
struct LogoAddresses {
  std::string prefix{};  ///< "{base_url}/logo/{token}/"; empty: none is
  /// Logos of the web become the prefix and their channel's id; else uploaded ones only, which are
  /// called by their own.
  bool of_the_web = false;
};

struct M3uWriterOptions {
  /// "{base_url}/stream/{token}/"; empty: the source's own URLs. Only http(s) addresses become
  /// ours, since nothing else can be redirected; what follows their `|`, which is for the player,
  /// stays.
  std::string stream_prefix{};
  LogoAddresses logos{};
  bool no_commas = false;  ///< names without commas, for players that cut at the last one
  bool write_tvg_shift = true;
};

/// A channel's logo as it is written. `ours` holds it where it is an address of ours.
std::string_view logo_address(const catalog::ChannelBatch& batch, std::size_t row,
                              const LogoAddresses& addresses, std::string& ours);

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
