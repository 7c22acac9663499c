#include <xxhash.h>

#include <m3u_proxy/spill/key.hpp>

namespace m3u_proxy::spill {

Key128 key_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {.low = hash.low64, .high = hash.high64};
}

Key128 key_of(std::string_view first, std::string_view second) {
  // The first text's length and hash seed the second's, so that moving a byte across the border
  // changes the key.
  const XXH128_hash_t a = XXH3_128bits_withSeed(first.data(), first.size(), first.size());
  const XXH128_hash_t b = XXH3_128bits_withSeed(second.data(), second.size(), a.low64);
  return {.low = b.low64, .high = b.high64 ^ a.high64};
}

}  // namespace m3u_proxy::spill
