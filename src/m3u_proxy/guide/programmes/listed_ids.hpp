// ListedIds: the ids that the playlist has for outputs, with those at hand that were looked up
// lately.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <vector>

#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Throws memory::OverBudget, with the error of the disk, too.
class ListedIds {
 public:
  explicit ListedIds(std::pmr::memory_resource* memory) : kept_(memory) {}

  /// Sets `id` to the id that `list` has for the output; `list` is the same at each call.
  void find(const PlaylistChannels& list, std::uint32_t output, std::string& id);

 private:
  /// Longer ids are not kept.
  struct Kept {
    std::uint32_t output = GuideIndex::kNone;
    std::uint8_t size = 0;
    std::array<char, 43> text;  // not initialised
    Kept() {}                   // NOLINT(modernize-use-equals-default): leaves `text` alone
  };
  static constexpr std::size_t kPlaces = 2048;

  std::pmr::vector<Kept> kept_;  // by the last bits of the output; empty until the first find()
};

}  // namespace m3u_proxy::guide
