// SourceStats: what was read of one playlist or guide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace m3u_proxy::channels {

/// A subscription, as its provider describes it.
struct AccountStats {
  std::string status;                     ///< the provider's word, such as "Active"
  std::optional<std::int64_t> expires{};  ///< seconds since 1970; none: never
  std::int64_t active_connections = 0;
  std::int64_t max_connections = 0;
};

struct SourceStats {
  std::string name;
  std::string kind;  ///< "playlist" or "guide"
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;  ///< inflated
  std::int64_t age_s = 0;
  bool from_cache = false;
  bool partial = false;
  std::string error{};
  std::vector<std::string> guide_urls{};  ///< offered by the playlist's header
  std::optional<AccountStats> account{};  ///< of an Xtream account
};

}  // namespace m3u_proxy::channels
