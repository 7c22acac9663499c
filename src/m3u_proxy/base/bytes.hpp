// Bytes: an amount of memory or data. One MB is 2^20 bytes everywhere in this project.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy {

struct Bytes {
  std::uint64_t count = 0;

  constexpr auto operator<=>(const Bytes&) const = default;
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
  constexpr Bytes& operator-=(Bytes other) {
    count -= other.count;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(Bytes a, std::uint64_t n) { return {a.count * n}; }
  friend constexpr Bytes operator/(Bytes a, std::uint64_t n) { return {a.count / n}; }

  /// The amount in MB (2^20 bytes), for people.
  [[nodiscard]] constexpr double mb() const { return static_cast<double>(count) / 1048576.0; }
};

constexpr Bytes kib(std::uint64_t n) { return {n << 10U}; }
constexpr Bytes mib(std::uint64_t n) { return {n << 20U}; }

/// Parses a size as people write it: "64MB", "64MiB", "1.5GB", "512" (= MB), "100B", any case.
/// Error: kInvalidArgument.
Result<Bytes> parse_size(std::string_view text);

}  // namespace m3u_proxy
