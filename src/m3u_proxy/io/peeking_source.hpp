// PeekingSource: a source whose first bytes can be looked at before they are read.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::io {

class PeekingSource final : public ByteSource {
 public:
  /// How far peek() can look.
  static constexpr std::size_t kMaxPeek = 4608;

  explicit PeekingSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  /// The next `size` ≤ kMaxPeek bytes, or as many as come before the end or an error, which a
  /// later read() gives. Only before the first read(). Valid until the next call.
  std::string_view peek(std::size_t size);
  /// Drops `size` bytes that were peeked.
  void skip(std::size_t size) { begin_ += size; }

  /// Fills `buffer` from what was peeked and then from the source.
  Result<std::size_t> read(std::span<char> buffer) override;
  std::optional<Result<std::size_t>> read_at(std::uint64_t offset,
                                             std::span<char> buffer) override {
    return source_->read_at(offset, buffer);
  }
  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }

 private:
  std::unique_ptr<ByteSource> source_;
  std::array<char, kMaxPeek> head_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
  std::optional<Error> deferred_;  ///< met after bytes that have to be delivered first
};

}  // namespace m3u_proxy::io
