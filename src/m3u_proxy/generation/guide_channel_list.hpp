// Guide channel list: every channel of a proxy's guides, as they have them: not only those that a
// playlist's channels are matched with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/generation/proxy_config.hpp>

namespace m3u_proxy::generation {

/// Of one channel; more of them, and longer ones, are left out.
inline constexpr std::size_t kMostGuideNames = 16;
inline constexpr std::size_t kLongestGuideText = 1024;  ///< bytes of a name or an id

/// Hears of the channels.
class GuideChannelListener {
 public:
  GuideChannelListener() = default;
  GuideChannelListener(const GuideChannelListener&) = delete;
  GuideChannelListener& operator=(const GuideChannelListener&) = delete;
  virtual ~GuideChannelListener() = default;

  /// The next id, each once: at its first `<channel>`, or at a programme that comes before that
  /// or has none; then there are no names.
  virtual Result<> on_channel(std::string_view id, std::span<const std::string> names) = 0;
  /// At the end: the number of programmes of each, in the same order.
  virtual Result<> on_programmes(std::span<const std::uint32_t> counts) = 0;
};

/// Reads the EPG sources of `config`, which should be one. Errors: as preview(); those of
/// `listener`; kDiskFull, kIo.
Result<> list_guide_channels(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                             GuideChannelListener& listener);

}  // namespace m3u_proxy::generation
