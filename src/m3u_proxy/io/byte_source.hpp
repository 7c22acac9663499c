// ByteSource and ByteSink: where bytes come from and go to, whatever is behind them.
//
// Sources and sinks belong to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::io {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Reads up to buffer.size() bytes (> 0) and returns how many; 0 at the end, again and again.
  /// May return fewer than asked. After an error no further call is made.
  /// Errors: kIo, kNetwork, kParse (compressed data damaged), kOverBudget.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;

  /// Reads at `offset` of what is stored, without moving on; 0 at the end. nullopt where bytes only
  /// come from start to end, as of pipes and of what is inflated.
  virtual std::optional<Result<std::size_t>> read_at(std::uint64_t offset, std::span<char> buffer) {
    static_cast<void>(offset);
    static_cast<void>(buffer);
    return std::nullopt;
  }

  /// Bytes consumed so far of what is stored (compressed bytes, for the progress bar).
  [[nodiscard]] virtual std::uint64_t consumed() const = 0;
  /// Size of what is stored, when it is known before the end.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
};

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;

  /// Writes all of `bytes`. Error: kIo (with the remedy where the disk is full).
  virtual Result<> write(std::string_view bytes) = 0;
};

}  // namespace m3u_proxy::io
