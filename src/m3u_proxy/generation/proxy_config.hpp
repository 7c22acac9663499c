// ResolvedProxyConfig: everything one generation needs, names resolved and expressions compiled.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/channels/numbering_options.hpp>
#include <m3u_proxy/channels/playlist_source.hpp>
#include <m3u_proxy/channels/sort_field.hpp>
#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/guide/guide.hpp>

namespace m3u_proxy::generation {

class StagePlugins;

/// What the stream URLs of the written playlist point to.
enum class UrlMode : std::uint8_t { kDirect, kRedirect, kProxy };
enum class NameStyle : std::uint8_t { kPlain, kNoCommas };

struct ResolvedProxyConfig {
  std::string name = "default";
  std::vector<channels::PlaylistSource> sources;
  std::vector<guide::EpgSource> epg_sources;
  std::shared_ptr<const rules::FilterSet> channel_filters;    ///< null: none
  std::shared_ptr<const rules::RuleSet> channel_rules;        ///< null: none
  std::shared_ptr<const rules::FilterSet> programme_filters;  ///< null: none
  std::shared_ptr<const rules::RuleSet> programme_rules;      ///< null: none
  std::shared_ptr<const rules::RuleSet> guide_channel_rules;  ///< null: none
  /// What people changed of single channels; null: nothing.
  std::shared_ptr<const edits::ChannelEdits> edits{};
  std::vector<channels::ChannelSortField> sort;  ///< empty: the sources' order
  std::uint32_t starting_channel_number = 1;
  channels::NumberingMode numbering = channels::NumberingMode::kPreserve;
  std::vector<channels::NumberRange> ranges;
  UrlMode mode = UrlMode::kDirect;
  NameStyle name_style = NameStyle::kPlain;
  bool fill_tvg_id = false;
  bool compress = false;
  bool cache_logos = false;  ///< in lists that we serve, logos of the web come from us
  bool names_logos = false;  ///< whether channels that people wrote down have `@logo:`
  bool use_playlist_guides = false;
  std::string base_url;  ///< without a final slash; empty: not known
  /// What opens our addresses in a list that we serve; empty: nobody serves it.
  std::string output_token;
  guide::GuideOptions guide;
  /// Refuse to publish a playlist that lost more than this part of the last one's channels, and a
  /// guide of its programmes (0.5 = half).
  std::optional<double> max_shrink;
  /// A playlist without a channel may take the place of one that had some.
  bool allow_empty = false;
  /// Opens a guide URL from a playlist's header, for use_playlist_guides.
  std::function<guide::EpgSource(const std::string& url)> playlist_guide;
  /// Makes the plugins of one generation; empty: there are none.
  std::function<Result<std::unique_ptr<StagePlugins>>()> plugins{};
};

}  // namespace m3u_proxy::generation
