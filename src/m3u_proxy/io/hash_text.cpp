#include <fmt/format.h>

#include <m3u_proxy/io/hash_text.hpp>

namespace m3u_proxy::io {

std::string hash_text(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string hash_text(std::string_view bytes) {
  return hash_text(XXH3_128bits(bytes.data(), bytes.size()));
}

}  // namespace m3u_proxy::io
