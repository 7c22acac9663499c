#include <fmt/format.h>

#include <m3u_proxy/snapshots/content_hash.hpp>

namespace m3u_proxy::snapshots {

ContentHash::ContentHash() : state_(XXH3_createState(), XXH3_freeState) {
  XXH3_128bits_reset(state_.get());
}

void ContentHash::add(std::string_view bytes) {
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string ContentHash::text() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace m3u_proxy::snapshots
