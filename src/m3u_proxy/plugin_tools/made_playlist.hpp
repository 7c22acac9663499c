// MadePlaylist: a playlist of as many channels as wanted, the same each time, to try plugins on.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::plugin_tools {

class MadePlaylist final : public io::ByteSource {
 public:
  explicit MadePlaylist(std::uint64_t channels) : channels_(channels) {}

  Result<std::size_t> read(std::span<char> buffer) override;
  [[nodiscard]] std::uint64_t consumed() const override { return consumed_; }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  void make_more();

  std::uint64_t channels_;
  std::uint64_t made_ = 0;
  std::string text_ = "#EXTM3U\n";  // made and not yet read
  std::size_t offset_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace m3u_proxy::plugin_tools
