// Key128: a text, or two, as 128 bits.
//
// Keys are hashes (XXH3, 128 bits); two different texts with the same key are taken for the same,
// which for a billion keys has a chance below 10^-20.
#pragma once

#include <cstdint>
#include <string_view>

namespace m3u_proxy::spill {

struct Key128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Key128&) const = default;
};

/// The key of one text, or of two texts as if joined by LF.
Key128 key_of(std::string_view text);
Key128 key_of(std::string_view first, std::string_view second);

}  // namespace m3u_proxy::spill
