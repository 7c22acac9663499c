// Channel edits: what people change of single channels, on the channels' stable ids.
//
// An edit is of one proxy or of all; where both say something the proxy's wins, field by field
// (what applies them does that). It outlives a channel that vanishes for some time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/store/entities.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

/// Where a channel goes.
enum class EditPlace : std::uint8_t { kStays, kBefore, kAfter };

/// Fields that are not set stay as the source and the rules make them.
struct ChannelEdit {
  Uuid channel{};
  std::optional<Uuid> proxy{};  ///< none: every proxy
  std::optional<std::string> number{};
  std::optional<std::string> name{};
  std::optional<std::string> group{};
  std::optional<std::string> logo{};
  std::optional<std::string> guide_id{};
  std::optional<bool> hidden{};
  EditPlace place = EditPlace::kStays;
  Uuid place_channel{};       ///< before or after which one
  std::int64_t revision = 0;  ///< 0: not in the store yet
  Time created{};
  Time updated{};
  Time last_seen{};         ///< when a refresh last had the channel
  std::int64_t misses = 0;  ///< successful refreshes of its source since then
  Time missing_since{};     ///< the first of them; none: it is there
  ManagedBy managed_by = ManagedBy::kUser;
};

/// Whether a refresh had a channel that has edits.
struct Sighting {
  Uuid channel{};
  bool seen = false;
};

/// Thread-safe. Beside the errors below every function has those of the database.
class ChannelEdits {
 public:
  /// Bytes of the texts of edits that are changed together.
  static constexpr std::size_t kMostText = std::size_t{2} << 20U;

  explicit ChannelEdits(sql::Database& database) : database_(&database) {}

  /// Stores an edit whole. `edit.revision` is the one that was seen, 0 for a new one. The edit as
  /// it is then. Error: kConflict, when there is another revision by now, or it is the
  /// configuration file's.
  Result<ChannelEdit> put(const ChannelEdit& edit, Time now);
  /// An edit before and after a change of many.
  struct Changed {
    std::optional<ChannelEdit> before{};
    ChannelEdit after{};  ///< revision 0: there is none any more
  };
  /// What an edit becomes: it comes as it is stored, or new, with the index of its channel. An edit
  /// that says nothing then is removed.
  using Change = std::function<Result<>(std::size_t index, ChannelEdit& edit)>;
  /// Changes the edits of many channels, each once, in one transaction: all or none, and nothing is
  /// lost that others changed meanwhile. `change` may be called again for a channel. Errors:
  /// kConflict, when one of them is the configuration file's; kInvalidArgument, when they have more
  /// than kMostText together; that of `change`.
  Result<std::vector<Changed>> change(std::span<const Uuid> channels,
                                      const std::optional<Uuid>& proxy, const Change& change,
                                      Time now);
  /// Errors: kNotFound, kConflict as above.
  Result<> erase(const Uuid& channel, const std::optional<Uuid>& proxy, std::int64_t expected);
  Result<std::optional<ChannelEdit>> find(const Uuid& channel, const std::optional<Uuid>& proxy);

  using Visitor = std::function<Result<>(const ChannelEdit&)>;
  /// Every edit by channel id, of one channel the one for all proxies first. One row is in memory
  /// at a time; `visit` must not call the store, and its error ends the walk.
  Result<> for_each(const Visitor& visit);
  /// The next `limit` (1 to 1000) edits behind a channel id, in the same order; a page may be
  /// longer than that so as not to cut a channel in two.
  Result<std::vector<ChannelEdit>> page(const std::optional<Uuid>& after, int limit);

  /// Makes the edits that a configuration file manages exactly these; whether that changed any.
  /// Errors: kConflict (a person made another for the same channel and proxy), kInvalidArgument
  /// (the same channel and proxy twice).
  Result<bool> take_over_file(std::span<const ChannelEdit> edits, Time now);

  /// Whether a person made others for the same channels and proxies: kConflict as above.
  Result<> check_file(std::span<const ChannelEdit> edits);
  /// There is no configuration file any more: what one managed is people's. Whether there was any.
  Result<bool> release_file();

  /// Whether there are edits, changed since then, of channels that record_sightings() has not seen
  /// in any source.
  Result<bool> any_unseen_since(Time moment);
  /// What a successful refresh of a source had of the channels with edits. Only the source that a
  /// channel was seen in can miss it; one that was never seen is never missed.
  Result<> record_sightings(const Uuid& source, std::span<const Sighting> sightings, Time now);
  /// Removes the edits that people made of channels that their source misses for `kept` or longer,
  /// as the last refresh says that worked; how many. Where a source is not fetched, it is `now`
  /// that says so.
  Result<std::int64_t> prune(Duration kept, Time now);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
