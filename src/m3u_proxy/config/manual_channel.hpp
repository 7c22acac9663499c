// ManualChannel: a channel that a person wrote down; a source may consist of such ones.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace m3u_proxy::config {

/// More of them are a playlist's work.
inline constexpr std::size_t kMostManualChannels = 10'000;

/// Texts without control characters; an empty one is none.
struct ManualChannel {
  std::string name;
  std::string url;
  std::string logo;
  std::string group;
  std::string guide_id;
  std::string number;
};

/// The channels as a playlist.
std::string to_playlist(std::span<const ManualChannel> channels);

}  // namespace m3u_proxy::config
