// Token secrets: what opens a door, as it is handed out once, and its hash, which is all the store
// keeps of it.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy::store {

/// 32 random bytes as 43 characters of base64url. Thread-safe. Error: kIo (no libsodium).
Result<std::string> make_token();
/// BLAKE2b-256 in 64 hex digits: a token has enough randomness for a fast hash. Thread-safe.
/// Error: kIo (no libsodium).
Result<std::string> hash_token(std::string_view token);
/// Whether two secrets are equal, in a time that depends on their lengths only. Error: kIo.
Result<bool> equal_secrets(std::string_view a, std::string_view b);

/// The key of the setting that keeps the token of a proxy's own addresses, sealed. Pure.
std::string output_token_setting(const Uuid& proxy);

}  // namespace m3u_proxy::store
