#include <array>

#include <fmt/format.h>

#include <m3u_proxy/store/named_value.hpp>
#include <m3u_proxy/store/snapshots.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr std::string_view kColumns =
    "id, source_id, state, bytes, items, etag, last_modified, content_hash, channel_set_hash,"
    " fetched, confirmed, equal_replies, superseded";

SnapshotState state_of(std::string_view name) {
  return named_value(name, {SnapshotState::kCurrent, SnapshotState::kQuarantined},
                     SnapshotState::kSuperseded);
}

SourceSnapshot snapshot_of(Columns& columns) {
  SourceSnapshot snapshot;
  snapshot.id = columns.uuid();
  snapshot.source = columns.uuid();
  snapshot.state = state_of(columns.view());
  snapshot.bytes = columns.count();
  snapshot.items = columns.count();
  snapshot.etag = columns.text();
  snapshot.last_modified = columns.text();
  snapshot.content_hash = columns.text();
  snapshot.channel_set_hash = columns.text();
  snapshot.fetched = columns.time();
  snapshot.confirmed = columns.time();
  snapshot.equal_replies = columns.integer();
  snapshot.superseded = columns.time();
  return snapshot;
}

Result<> insert(Connection& connection, const SourceSnapshot& snapshot, SnapshotState state) {
  M3U_CHECK(sql::execute(
      connection,
      fmt::format("INSERT INTO source_snapshots ({}) VALUES"
                  " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)",
                  kColumns),
      {snapshot.id, snapshot.source, to_string(state), snapshot.bytes, snapshot.items,
       snapshot.etag, snapshot.last_modified, snapshot.content_hash, snapshot.channel_set_hash,
       snapshot.fetched, snapshot.confirmed, snapshot.equal_replies}));
  return {};
}

Result<> record_try(Connection& connection, const Uuid& source, Time now) {
  M3U_CHECK(sql::execute(connection,
                         "INSERT INTO source_fetches (source_id, tried, failures, error)"
                         " VALUES ($1, $2, 0, '') ON CONFLICT (source_id) DO UPDATE SET"
                         " tried = excluded.tried, failures = 0, error = ''",
                         {source, now}));
  return {};
}

/// How many there were.
Result<std::int64_t> supersede(Connection& connection, const Uuid& source, SnapshotState state,
                               Time now) {
  return sql::execute(connection,
                      "UPDATE source_snapshots SET state = 'superseded', superseded = $3"
                      " WHERE source_id = $1 AND state = $2",
                      {source, to_string(state), now});
}

Result<> check_lease(Connection& connection, const std::optional<JobLease>& lease) {
  if (lease) return sql::check_lease(connection, *lease);
  return {};
}

}  // namespace

std::string_view to_string(SnapshotState state) {
  static constexpr std::array<std::string_view, 3> kNames = {"current", "quarantined",
                                                             "superseded"};
  return kNames.at(static_cast<std::size_t>(state));
}

Result<> Snapshots::publish(const SourceSnapshot& snapshot, const std::optional<JobLease>& lease) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_CHECK(check_lease(connection, lease));
    for (const SnapshotState state : {SnapshotState::kCurrent, SnapshotState::kQuarantined})
      M3U_CHECK(supersede(connection, snapshot.source, state, snapshot.fetched));
    M3U_CHECK(insert(connection, snapshot, SnapshotState::kCurrent));
    M3U_CHECK(record_try(connection, snapshot.source, snapshot.fetched));
    return database_->announce(connection, Topic::kSnapshots);
  });
}

Result<std::int64_t> Snapshots::quarantine(const SourceSnapshot& snapshot,
                                           const std::optional<JobLease>& lease) {
  return sql::transact<std::int64_t>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<std::int64_t> {
        M3U_CHECK(check_lease(connection, lease));
        M3U_TRY(const auto before,
                sql::query_one(connection,
                               "SELECT equal_replies FROM source_snapshots WHERE source_id = $1"
                               " AND state = 'quarantined' AND channel_set_hash = $2",
                               {snapshot.source, snapshot.channel_set_hash},
                               [](Columns& columns) { return columns.integer(); }));
        M3U_CHECK(
            supersede(connection, snapshot.source, SnapshotState::kQuarantined, snapshot.fetched));
        SourceSnapshot waiting = snapshot;
        waiting.equal_replies = before.value_or(0) + 1;
        M3U_CHECK(insert(connection, waiting, SnapshotState::kQuarantined));
        M3U_CHECK(record_try(connection, snapshot.source, snapshot.fetched));
        M3U_CHECK(database_->announce(connection, Topic::kSnapshots));
        return waiting.equal_replies;
      });
}

Result<> Snapshots::accept(const Uuid& source, const Uuid& snapshot, Time now) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_CHECK(supersede(connection, source, SnapshotState::kCurrent, now));
    M3U_TRY(const std::int64_t changed,
            sql::execute(connection,
                         "UPDATE source_snapshots SET state = 'current', confirmed = $3"
                         " WHERE source_id = $1 AND id = $2 AND state = 'quarantined'",
                         {source, snapshot, now}));
    if (changed == 0)
      return fail(ErrorCode::kNotFound, "this reply is not in quarantine any more",
                  "look which one is");
    return database_->announce(connection, Topic::kSnapshots);
  });
}

Result<> Snapshots::confirm(const Uuid& source, std::string_view etag,
                            std::string_view last_modified, Time now) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t changed,
            sql::execute(connection,
                         "UPDATE source_snapshots SET confirmed = $2, etag = $3, last_modified = $4"
                         " WHERE source_id = $1 AND state = 'current'",
                         {source, now, etag, last_modified}));
    if (changed == 0) return fail(ErrorCode::kNotFound, "the source has no current snapshot");
    M3U_TRY(const auto failures,
            sql::query_one(connection, "SELECT failures FROM source_fetches WHERE source_id = $1",
                           {source}, [](Columns& columns) { return columns.integer(); }));
    M3U_CHECK(record_try(connection, source, now));
    M3U_TRY(const std::int64_t dropped,
            supersede(connection, source, SnapshotState::kQuarantined, now));
    // That nothing is wrong with it any more is news as well.
    if (dropped == 0 && failures.value_or(0) == 0) return {};
    return database_->announce(connection, Topic::kSnapshots);
  });
}

Result<> Snapshots::record_failure(const Uuid& source, std::string_view error, Time now) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection,
                           "INSERT INTO source_fetches (source_id, tried, failures, error)"
                           " VALUES ($1, $2, 1, $3) ON CONFLICT (source_id) DO UPDATE SET"
                           " tried = excluded.tried, failures = source_fetches.failures + 1,"
                           " error = excluded.error",
                           {source, now, error}));
    return database_->announce(connection, Topic::kSnapshots);
  });
}

Result<std::optional<SourceSnapshot>> Snapshots::current(const Uuid& source) {
  return sql::transact<std::optional<SourceSnapshot>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_one(connection,
                              fmt::format("SELECT {} FROM source_snapshots WHERE source_id = $1"
                                          " AND state = 'current'",
                                          kColumns),
                              {source}, snapshot_of);
      });
}

Result<std::vector<SourceSnapshot>> Snapshots::list(const Uuid& source) {
  return sql::transact<std::vector<SourceSnapshot>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_all(connection,
                              fmt::format("SELECT {} FROM source_snapshots WHERE source_id = $1"
                                          " ORDER BY fetched DESC, id DESC",
                                          kColumns),
                              {source}, snapshot_of);
      });
}

Result<std::optional<FetchState>> Snapshots::fetch_state(const Uuid& source) {
  return sql::transact<std::optional<FetchState>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_one(
            connection, "SELECT tried, failures, error FROM source_fetches WHERE source_id = $1",
            {source}, [](Columns& columns) {
              FetchState state;
              state.tried = columns.time();
              state.failures = columns.integer();
              state.error = columns.text();
              return state;
            });
      });
}

Result<std::vector<SourceSnapshot>> Snapshots::superseded_before(Time moment) {
  return sql::transact<std::vector<SourceSnapshot>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_all(connection,
                              fmt::format("SELECT {} FROM source_snapshots"
                                          " WHERE state = 'superseded' AND superseded < $1"
                                          " ORDER BY superseded, id",
                                          kColumns),
                              {moment}, snapshot_of);
      });
}

Result<> Snapshots::forget(const Uuid& snapshot) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t gone,
            sql::execute(connection,
                         "DELETE FROM source_snapshots WHERE id = $1 AND state = 'superseded'",
                         {snapshot}));
    if (gone == 0) return fail(ErrorCode::kConflict, "only a superseded snapshot can be forgotten");
    return {};
  });
}

}  // namespace m3u_proxy::store
