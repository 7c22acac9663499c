// Base64url without padding (RFC 4648 §5), by libsodium.
#pragma once

#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store {

/// Error: kIo (no libsodium).
Result<std::string> to_base64url(std::string_view bytes);
/// Errors: kParse, kIo (no libsodium).
Result<std::string> from_base64url(std::string_view text);

}  // namespace m3u_proxy::store
