// StorageLevel: how what waits between two passes is kept, from the fastest to the smallest.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace m3u_proxy::memory {

enum class StorageLevel : std::uint8_t { kMemory, kCompressed, kSpill };
inline constexpr std::array kStorageLevels = {StorageLevel::kMemory, StorageLevel::kCompressed,
                                              StorageLevel::kSpill};

/// "standard", "compressed", "spill": the words of the generation tree.
constexpr std::string_view to_string(StorageLevel level) {
  constexpr std::array<std::string_view, kStorageLevels.size()> kNames = {"standard", "compressed",
                                                                          "spill"};
  return kNames[static_cast<std::size_t>(level)];
}

}  // namespace m3u_proxy::memory
