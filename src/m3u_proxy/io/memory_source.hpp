// MemorySource: a byte source over a string, for small documents.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::io {

/// Gives out a string, at most `piece` bytes per read.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes,
                        std::size_t piece = std::numeric_limits<std::size_t>::max())
      : bytes_(std::move(bytes)), piece_(piece) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t n = std::min({buffer.size(), piece_, bytes_.size() - offset_});
    if (n != 0) std::memcpy(buffer.data(), bytes_.data() + offset_, n);
    offset_ += n;
    return n;
  }
  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    if (offset >= bytes_.size()) return 0U;
    return bytes_.copy(buffer.data(), buffer.size(), static_cast<std::size_t>(offset));
  }
  [[nodiscard]] std::uint64_t consumed() const override { return offset_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t piece_;
  std::size_t offset_ = 0;
};

}  // namespace m3u_proxy::io
