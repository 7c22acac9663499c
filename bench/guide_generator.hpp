// GuideGenerator: makes a guide of any size, for the channels of a PlaylistGenerator, from the
// programmes of another guide.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/result.hpp>

#include "playlist_generator.hpp"

namespace m3u_proxy::bench {

struct GuideSize {
  Bytes bytes;                     ///< the guide ends with the programme that reaches this
  std::uint64_t channels = 0;      ///< of the playlist that it is for
  std::uint64_t per_channel = 54;  ///< programmes a channel, about two days
};

class GuideGenerator {
 public:
  /// `text`: an XMLTV guide. Error: kParse when it has no programmes.
  static Result<GuideGenerator> from(std::string_view text);

  /// Writes the guide in pieces through `write`. Nine in ten of its channels are in the playlist,
  /// spread over it evenly; the tenth is one that nobody wants.
  Result<> write(const PlaylistGenerator& playlist, const GuideSize& size,
                 const std::function<Result<>(std::string_view)>& write) const;

 private:
  [[nodiscard]] std::vector<ChannelParts> choose_channels(const PlaylistGenerator& playlist,
                                                          const GuideSize& size) const;

  std::vector<std::string> programmes_;  // from after the opening tag's attributes
  std::uint64_t average_bytes_ = 0;
};

}  // namespace m3u_proxy::bench
