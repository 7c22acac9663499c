// DecoderInput: compressed bytes on their way from a source into a decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::io {

/// A window of 256 KB, reserved under Tag::kInput. Not thread-safe.
class DecoderInput {
 public:
  static constexpr std::size_t kSize = std::size_t{256} << 10U;

  /// Error: kOverBudget.
  Result<> open(memory::Budget& budget);
  /// Reads more behind what is left, which is less than kSize. Errors: of the source.
  Result<> fill(ByteSource& source);
  /// Reads until view() has `size` ≤ kSize bytes, or the source is at its end.
  Result<> fill_to(ByteSource& source, std::size_t size);
  /// Drops `size` bytes, reading as many as it takes; fewer at the end of the source.
  Result<> skip(ByteSource& source, std::uint64_t size);
  void consume(std::size_t size);
  /// Puts the last bytes that were consumed, at most 8, before the others again.
  void put_back(std::string_view bytes);

  [[nodiscard]] std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] bool source_ended() const { return source_ended_; }
  /// Bytes consumed: the offset of view() in the compressed data.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t taken_ = 0;
  bool source_ended_ = false;
};

}  // namespace m3u_proxy::io
