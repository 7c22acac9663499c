// Xtream playlist: what an account has, as the text of a playlist.
//
// The lists of live streams, films and series are read record by record from the JSON that was
// stored, and each becomes an #EXTINF line and an address, so that all that follows is as with any
// playlist: chunks are parsed in parallel, ids come from the addresses, nothing grows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/sources/xtream_account.hpp>

namespace m3u_proxy::sources {

using OpenBytes = std::function<Result<std::unique_ptr<io::ByteSource>>()>;

/// One list of an account.
struct XtreamList {
  XtreamKind kind = XtreamKind::kLive;
  OpenBytes streams{};     ///< inflated JSON
  OpenBytes categories{};  ///< likewise; an error where the provider gave none
};

struct XtreamContent {
  XtreamAccount account{};
  std::string live_extension = "ts";
  std::vector<XtreamList> lists{};
  /// The stored get_series_info of a series, inflated; nullptr when there is none.
  std::function<std::unique_ptr<io::ByteSource>(std::string_view series_id)> episodes{};
  std::uint64_t bytes = 0;  ///< of all lists, stored
};

/// Reads `content` as a playlist. Memory is reserved from `budget` under Tag::kInput: 1.3 MB for
/// each list that is open and what its categories need. `problems` are counted there while it is
/// read: json_…, xtream_…. read(): the errors of the lists; kOverBudget.
std::unique_ptr<io::ByteSource> make_xtream_playlist(std::shared_ptr<const XtreamContent> content,
                                                     memory::Budget& budget,
                                                     std::shared_ptr<ProblemLog> problems);

}  // namespace m3u_proxy::sources
