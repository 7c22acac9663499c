#include <m3u_proxy/io/hash_text.hpp>
#include <m3u_proxy/snapshots/content_hash.hpp>

namespace m3u_proxy::snapshots {

ContentHash::ContentHash() : state_(XXH3_createState(), XXH3_freeState) {
  XXH3_128bits_reset(state_.get());
}

void ContentHash::add(std::string_view bytes) {
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string ContentHash::text() const { return io::hash_text(XXH3_128bits_digest(state_.get())); }

}  // namespace m3u_proxy::snapshots
