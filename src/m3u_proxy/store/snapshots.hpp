// Snapshot rows: which snapshot of a source is current, which waits in quarantine, and how the last
// tries to fetch it went. The data itself lies in files beside the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/store/jobs.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

enum class SnapshotState : std::uint8_t { kCurrent, kQuarantined, kSuperseded };
/// "current", "quarantined", "superseded".
std::string_view to_string(SnapshotState state);

struct SourceSnapshot {
  Uuid id{};
  Uuid source{};
  SnapshotState state = SnapshotState::kCurrent;
  std::uint64_t bytes = 0;  ///< on disk
  std::uint64_t items = 0;  ///< channels or programmes
  std::string etag{};
  std::string last_modified{};
  std::string content_hash{};
  std::string channel_set_hash{};  ///< of the set of channel ids
  Time fetched{};
  Time confirmed{};                ///< last time the source said that it is still so
  std::int64_t equal_replies = 1;  ///< in quarantine: replies in a row with this set of channels
  Time superseded{};
};

/// How the last tries to fetch a source went.
struct FetchState {
  Time tried{};
  std::int64_t failures = 0;  ///< in a row
  std::string error{};        ///< of the last try; empty when it worked
};

/// Thread-safe. Beside the errors below every function has those of the database. Where a lease is
/// given the transaction checks it: kConflict when it was lost.
class Snapshots {
 public:
  explicit Snapshots(sql::Database& database) : database_(&database) {}

  /// Makes a finished snapshot the current one, in one transaction with superseding the one
  /// before, dropping what waits in quarantine, and the fetch state.
  Result<> publish(const SourceSnapshot& snapshot, const std::optional<JobLease>& lease);
  /// Puts a suspicious one in quarantine in place of the one that waits there; how many replies in
  /// a row have had its set of channels now.
  Result<std::int64_t> quarantine(const SourceSnapshot& snapshot,
                                  const std::optional<JobLease>& lease);
  /// Makes the one in quarantine current. Error: kNotFound (it does not wait there any more).
  Result<> accept(const Uuid& source, const Uuid& snapshot, Time now);
  /// The source said that nothing changed: its current snapshot is as good as new, and what waits
  /// in quarantine is dropped. New validators are kept. Error: kNotFound (there is no current one).
  Result<> confirm(const Uuid& source, std::string_view etag, std::string_view last_modified,
                   Time now);
  Result<> record_failure(const Uuid& source, std::string_view error, Time now);

  Result<std::optional<SourceSnapshot>> current(const Uuid& source);
  /// Newest first, of all states.
  Result<std::vector<SourceSnapshot>> list(const Uuid& source);
  /// nullopt: never tried.
  Result<std::optional<FetchState>> fetch_state(const Uuid& source);
  /// Superseded before `moment`: what may be deleted, if nobody reads it.
  Result<std::vector<SourceSnapshot>> superseded_before(Time moment);
  /// Forgets one that is superseded. Error: kConflict, when it is anything else.
  Result<> forget(const Uuid& snapshot);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
