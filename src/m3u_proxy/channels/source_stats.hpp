// SourceStats: what was read of one playlist or guide.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace m3u_proxy::channels {

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
};

}  // namespace m3u_proxy::channels
