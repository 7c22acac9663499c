// Preview: what filters and rules do to the channels, the programmes or the guide channels of some
// sources, for show, with the same compiled expressions and the same readers as a generation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/generation/proxy_config.hpp>

namespace m3u_proxy::generation {

/// One channel, programme or guide channel as `test-expression` shows it.
struct PreviewItem {
  std::string source;
  std::string title;
  std::string belongs_to;  ///< the channel's group; the programme's channel id and start;
                           ///< the guide channel's id
  std::vector<std::pair<std::string, std::string>> before;  ///< fields the rules changed
  std::vector<std::pair<std::string, std::string>> after;
};

struct PreviewResult {
  std::uint64_t evaluated = 0;
  std::uint64_t matched = 0;       ///< kept by the filters or changed by the rules
  std::vector<PreviewItem> items;  ///< the first `limit` of them
};

/// Applies the channel filters and rules to the playlists. A source that fails is logged and the
/// others go on. Errors: that of the first source when all failed, kOverBudget, kCancelled.
Result<PreviewResult> preview(const ResolvedProxyConfig& config,
                              const pipeline::RunContext& context, std::size_t limit);
/// Applies the programme filters and rules to every programme of the EPG sources. Errors: as
/// preview().
Result<PreviewResult> preview_programmes(const ResolvedProxyConfig& config,
                                         const pipeline::RunContext& context, std::size_t limit);
/// Applies the rules for guide channels to those of the EPG sources, before they are matched.
/// Errors: as preview(), kDiskFull, kIo.
Result<PreviewResult> preview_guide_channels(const ResolvedProxyConfig& config,
                                             const pipeline::RunContext& context,
                                             std::size_t limit);

}  // namespace m3u_proxy::generation
