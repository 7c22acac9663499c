// Channel changes: what somebody set by hand for single channels, as rules.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <m3u_proxy/importers/imported.hpp>

namespace m3u_proxy::importers {

/// Of the channel that `source` calls `name`.
struct ChannelChange {
  std::string source;
  std::string name;
  std::vector<std::pair<std::string, std::string>> values{};  ///< field and what it becomes
  bool hidden = false;
};

enum class OtherChannels : std::uint8_t { kStay, kGo };

/// Adds rules for `changes` and, where channels go, a filter, to `proxy`. What is hidden or goes is
/// marked first and filtered out behind all rules, so that nothing is mistaken for what it has only
/// become. Where a new name is another channel's old one, that one's turn comes first.
void add_channel_changes(Imported& imported, std::vector<ChannelChange> changes,
                         OtherChannels others, ImportedProxy& proxy);

/// A filter that is asked before all rules of `proxy`: what is `unwanted`, of `source` or, when
/// that is empty, of all, is marked.
void add_first_filter(Imported& imported, std::string name, std::string_view source,
                      std::string_view unwanted, ImportedProxy& proxy);

/// The mark of a channel that is filtered out at the end, as an action, and the filter for it.
inline constexpr std::string_view kDropAction = "attr:import-drop = \"yes\"";
std::string add_drop_filter(Imported& imported);

}  // namespace m3u_proxy::importers
