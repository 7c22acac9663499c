// libsodium, loaded when the first secret is handled: `generate` does not pay for it.
#pragma once

#include <sodium.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store {

#define M3U_SODIUM_FUNCTIONS(X)    \
  X(sodium_init)                   \
  X(randombytes_buf)               \
  X(sodium_memzero)                \
  X(sodium_memcmp)                 \
  X(sodium_bin2hex)                \
  X(sodium_bin2base64)             \
  X(sodium_base642bin)             \
  X(crypto_generichash)            \
  X(crypto_hash_sha256_init)       \
  X(crypto_hash_sha256_update)     \
  X(crypto_hash_sha256_final)      \
  X(crypto_auth_hmacsha256_init)   \
  X(crypto_auth_hmacsha256_update) \
  X(crypto_auth_hmacsha256_final)  \
  X(crypto_secretbox_easy)         \
  X(crypto_secretbox_open_easy)    \
  X(crypto_pwhash)                 \
  X(crypto_pwhash_str)             \
  X(crypto_pwhash_str_verify)      \
  X(crypto_pwhash_str_needs_rehash)

/// The functions of libsodium that we use, typed by its own header.
struct SodiumLibrary {
#define M3U_MEMBER(name) decltype(&::name) name;
  M3U_SODIUM_FUNCTIONS(M3U_MEMBER)
#undef M3U_MEMBER
};

/// Loads it once and keeps it for good. Thread-safe.
/// Error: kIo, naming the package, when it is not installed.
Result<const SodiumLibrary*> sodium_library();

}  // namespace m3u_proxy::store
