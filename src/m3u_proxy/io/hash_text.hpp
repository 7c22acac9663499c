// Hash text: XXH3 of 128 bits as 32 hexadecimal digits, by which files are named and told apart.
#pragma once

#include <string>
#include <string_view>

#include <xxhash.h>

namespace m3u_proxy::io {

// Pure; thread-safe.
std::string hash_text(const XXH128_hash_t& hash);
/// Of the hash of `bytes`.
std::string hash_text(std::string_view bytes);

}  // namespace m3u_proxy::io
