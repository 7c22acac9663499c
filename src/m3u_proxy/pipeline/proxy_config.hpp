// ResolvedProxyConfig: everything one generation needs, names resolved and expressions compiled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/pipeline/channel_sort.hpp>
#include <m3u_proxy/pipeline/guide.hpp>

namespace m3u_proxy::pipeline {

class StagePlugins;

/// What the stream URLs of the written playlist point to.
enum class UrlMode : std::uint8_t { kDirect, kRedirect, kProxy };
enum class NameStyle : std::uint8_t { kPlain, kNoCommas };
enum class NumberingMode : std::uint8_t { kPreserve, kSequential, kRanges };

/// How a source came: told by whoever opened it, for the report.
struct SourceOrigin {
  bool from_cache = false;       ///< the provider failed, this is its last good copy
  std::int64_t age_seconds = 0;  ///< of that copy
};

/// One playlist source. `open` is called once a generation.
struct PlaylistSource {
  std::string name;
  std::string type = "m3u";
  std::string url;  ///< without credentials, for `source_url` and messages
  /// Text in UTF-8 (lines that are not valid are repaired by the reader); inflated.
  std::function<Result<std::unique_ptr<io::ByteSource>>()> open;
  /// Asked after open(): where the bytes came from.
  std::function<SourceOrigin()> origin;
  std::string plugin{};  ///< reads it instead of the playlist reader; empty: none
};

/// A start of its own for the channels of a source or a group.
struct NumberRange {
  std::string source;  ///< empty: any
  std::string group;   ///< empty: any
  std::uint32_t first = 1;
  std::uint32_t last = 0x7FFFFFFF;
};

struct ResolvedProxyConfig {
  std::string name = "default";
  std::vector<PlaylistSource> sources;
  std::vector<GuideSource> epg_sources;
  std::shared_ptr<const rules::FilterSet> channel_filters;    ///< null: none
  std::shared_ptr<const rules::RuleSet> channel_rules;        ///< null: none
  std::shared_ptr<const rules::FilterSet> programme_filters;  ///< null: none
  std::shared_ptr<const rules::RuleSet> programme_rules;      ///< null: none
  std::vector<ChannelSortField> sort;                         ///< empty: the sources' order
  std::uint32_t starting_channel_number = 1;
  NumberingMode numbering = NumberingMode::kPreserve;
  std::vector<NumberRange> ranges;
  UrlMode mode = UrlMode::kDirect;
  NameStyle name_style = NameStyle::kPlain;
  bool fill_tvg_id = false;
  bool compress = false;
  bool use_playlist_guides = false;
  std::string base_url;  ///< without a final slash; empty: not known
  GuideOptions guide;
  /// Refuse to publish a playlist that lost more than this part of the last one (0.5 = half).
  std::optional<double> max_shrink;
  /// Opens a guide URL from a playlist's header, for use_playlist_guides.
  std::function<GuideSource(const std::string& url)> playlist_guide;
  /// Makes the plugins of one generation; empty: there are none.
  std::function<Result<std::unique_ptr<StagePlugins>>()> plugins{};
};

/// Where a generation publishes.
struct OutputPaths {
  std::filesystem::path playlist;  ///< DIR/<proxy>.m3u
  std::filesystem::path guide;     ///< DIR/<proxy>.xmltv
  std::filesystem::path spill_folder;
  /// Instead of publishing: given each finished file, the guide first, which is then thrown away
  /// (its content is in file.temporary()). Empty: published.
  std::function<Result<>(const io::AtomicFile& file)> receive{};
};

}  // namespace m3u_proxy::pipeline
