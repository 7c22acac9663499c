// Uuid: the stable ids of sources, proxies and channels: UUID version 5 (RFC 9562, names hashed
// with SHA-1) in one namespace of this project, so the same name has the same id everywhere.
//
// Pure, thread-safe. An id costs one SHA-1: compute it only where it is written or stored.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  constexpr auto operator<=>(const Uuid&) const = default;
};

/// c5c5c16f-5662-5ddf-b09b-279718742c62
inline constexpr Uuid kUuidNamespace{{0xc5, 0xc5, 0xc1, 0x6f, 0x56, 0x62, 0x5d, 0xdf, 0xb0, 0x9b,
                                      0x27, 0x97, 0x18, 0x74, 0x2c, 0x62}};

/// The version 5 UUID of `name` in `space`.
[[nodiscard]] Uuid uuid_v5(const Uuid& space, std::string_view name);

/// The id of a source by its configured name.
[[nodiscard]] Uuid source_id(std::string_view name);
/// The id of a proxy by its configured name.
[[nodiscard]] Uuid proxy_id(std::string_view name);
/// The id of a channel in its source; `key` is "stream:<id>" or "url:<path and query>\n<name>".
[[nodiscard]] Uuid channel_id(const Uuid& source, std::string_view key);

/// "957bdbb4-37f4-51ee-873b-f148c10969c2"
[[nodiscard]] std::string to_string(const Uuid& uuid);
/// "zGzZE0stVfGWB7-Qh9n5rA": 22 characters of base64url without padding (RFC 4648 §5).
[[nodiscard]] std::string to_base64url(const Uuid& uuid);

/// Reads the 36 and the 32 hex digit forms, in any case, and the 22 character form.
/// Error: kInvalidArgument for everything else.
Result<Uuid> parse_uuid(std::string_view text);

}  // namespace m3u_proxy
