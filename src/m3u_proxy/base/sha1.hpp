// SHA-1 (FIPS 180-4) of short texts, for version 5 UUIDs: with the processor's own instructions
// where it has them, with Boost otherwise. Nothing here is about security. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace m3u_proxy {

using Sha1Digest = std::array<std::uint8_t, 20>;

/// Of `prefix` and `text` behind it.
[[nodiscard]] Sha1Digest sha1(std::span<const std::uint8_t> prefix, std::string_view text);

namespace detail {

/// Whether this processor has the instructions that sha1_by_instructions() needs.
[[nodiscard]] bool has_sha_instructions();
/// The two ways, for the tests to compare.
[[nodiscard]] Sha1Digest sha1_by_instructions(std::span<const std::uint8_t> prefix,
                                              std::string_view text);
[[nodiscard]] Sha1Digest sha1_by_boost(std::span<const std::uint8_t> prefix, std::string_view text);

}  // namespace detail
}  // namespace m3u_proxy
