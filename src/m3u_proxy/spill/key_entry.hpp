// KeyEntry: a key as tables and runs keep it, with or without a value.
//
// Keys are mixed once, reversibly, so that their order is also their place in a table: small
// numbers spread as hashes do, and a table written from front to back is a sorted run.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include <m3u_proxy/spill/key.hpp>

namespace m3u_proxy::spill {

/// A key's mixed halves; ordered by `first`, then `second`.
struct MixedKey {
  std::uint64_t first;
  std::uint64_t second;
  auto operator<=>(const MixedKey&) const = default;
};

/// Multiplication by an odd number and xor lose nothing: different keys stay different.
constexpr MixedKey mix(Key128 key) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  constexpr std::uint64_t kOther = 0xD6E8FEB86659FD93U;
  return {.first = (key.low ^ std::rotl(key.high * kOther, 32)) * kOdd, .second = key.high};
}

/// Marks a free slot; the one key that is equal to it is kept apart.
constexpr std::uint64_t kFree = std::numeric_limits<std::uint64_t>::max();
constexpr MixedKey kFreeKey{.first = kFree, .second = kFree};

template <bool kWithValue>
struct KeyEntry;

template <>
struct KeyEntry<false> {
  std::uint64_t first;
  std::uint64_t second;

  [[nodiscard]] MixedKey key() const { return {.first = first, .second = second}; }
  [[nodiscard]] std::uint32_t value() const { return 0; }
  static KeyEntry make(MixedKey key, std::uint32_t /*value*/) {
    return {.first = key.first, .second = key.second};
  }
};

template <>
struct [[gnu::packed]] KeyEntry<true> {
  std::uint64_t first;
  std::uint64_t second;
  std::uint32_t number;

  [[nodiscard]] MixedKey key() const { return {.first = first, .second = second}; }
  [[nodiscard]] std::uint32_t value() const { return number; }
  static KeyEntry make(MixedKey key, std::uint32_t value) {
    return {.first = key.first, .second = key.second, .number = value};
  }
};

}  // namespace m3u_proxy::spill
