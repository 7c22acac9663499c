#include <array>

#include <m3u_proxy/store/changes.hpp>

namespace m3u_proxy::store {

std::string_view to_string(Topic topic) {
  static constexpr std::array<std::string_view, kTopicCount> kNames = {
      "entities", "snapshots", "generations", "jobs", "edits", "settings", "access", "logos"};
  return kNames.at(static_cast<std::size_t>(topic));
}

}  // namespace m3u_proxy::store
