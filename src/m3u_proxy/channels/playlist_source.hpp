// PlaylistSource: a playlist that a generation reads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/channels/source_stats.hpp>
#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::channels {

/// How a source came: told by its opener, for the report.
struct SourceOrigin {
  bool from_cache = false;       ///< the provider failed, this is its last good copy
  std::int64_t age_seconds = 0;  ///< of that copy
  std::optional<AccountStats> account{};
};

/// One playlist source. `open` is called once a generation.
struct PlaylistSource {
  std::string name;
  std::optional<Uuid> id{};  ///< of what its channels' ids are made; none: that of its name
  std::string type = "m3u";
  std::string url;  ///< without credentials, for `source_url` and messages
  /// Text in UTF-8 (lines that are not valid are repaired by the reader); inflated.
  std::function<Result<std::unique_ptr<io::ByteSource>>()> open;
  /// Asked after open(): where the bytes came from.
  std::function<SourceOrigin()> origin;
  /// Asked when all was read: what the giver of the bytes found odd in its own input; may be empty.
  std::function<ProblemLog()> problems{};
  std::string plugin{};  ///< reads it instead of the playlist reader; empty: none
};

}  // namespace m3u_proxy::channels
