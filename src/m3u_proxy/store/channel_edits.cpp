#include <map>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/store/channel_edits.hpp>
#include <m3u_proxy/store/edit_rows.hpp>
#include <m3u_proxy/store/entity_rows.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr int kLongestPage = 1000;

Result<> check_change(const std::optional<ChannelEdit>& stored, std::int64_t expected) {
  if (stored && stored->managed_by == ManagedBy::kFile) return fail(sql::is_the_files(*stored));
  const std::int64_t revision = stored ? stored->revision : 0;
  if (revision == expected) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the channel's edit was changed meanwhile: revision {}, not {}", revision,
                          expected),
              "look at it again and repeat the change");
}

/// What a person made is not the file's, unless it says the same.
Result<> check_not_a_persons(const std::optional<ChannelEdit>& stored, const ChannelEdit& edit) {
  if (!stored || stored->managed_by == ManagedBy::kFile || sql::says_the_same(*stored, edit))
    return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the channel {} has an edit in the file and another that a person made",
                          to_base64url(edit.channel)),
              "remove one of the two; m3u-proxy ctl edits lists those of people");
}

Result<> changed(sql::Database& database, Connection& connection) {
  M3U_CHECK(sql::count_edits(connection));
  return database.announce(connection, Topic::kEdits);
}

}  // namespace

Result<ChannelEdit> ChannelEdits::put(const ChannelEdit& edit, Time now) {
  return sql::transact<ChannelEdit>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<ChannelEdit> {
        M3U_TRY(const auto stored, sql::find_edit(connection, edit.channel, edit.proxy));
        M3U_CHECK(check_change(stored, edit.revision));
        M3U_TRY(ChannelEdit next, sql::replace_edit(connection, stored, edit, now));
        M3U_CHECK(changed(*database_, connection));
        return next;
      });
}

Result<std::vector<ChannelEdits::Changed>> ChannelEdits::change(std::span<const Uuid> channels,
                                                                const std::optional<Uuid>& proxy,
                                                                const Change& change, Time now) {
  return sql::transact<std::vector<Changed>>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<std::vector<Changed>> {
        std::vector<Changed> all;
        sql::EditsTogether together(proxy, change);
        for (const Uuid& channel : channels) {
          M3U_TRY(auto stored, sql::find_edit(connection, channel, proxy));
          M3U_TRY(const ChannelEdit edit, together.next(channel, stored));
          if (sql::says_the_same(edit, {})) {
            if (stored) M3U_CHECK(sql::delete_edit(connection, channel, proxy));
            all.push_back(
                {.before = std::move(stored), .after = {.channel = channel, .proxy = proxy}});
            continue;
          }
          M3U_TRY(ChannelEdit after, sql::replace_edit(connection, stored, edit, now));
          all.push_back({.before = std::move(stored), .after = std::move(after)});
        }
        if (!all.empty()) M3U_CHECK(changed(*database_, connection));
        return all;
      });
}

Result<> ChannelEdits::erase(const Uuid& channel, const std::optional<Uuid>& proxy,
                             std::int64_t expected) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_TRY(const auto stored, sql::find_edit(connection, channel, proxy));
    if (!stored) return fail(ErrorCode::kNotFound, "the channel has no edit");
    M3U_CHECK(check_change(stored, expected));
    M3U_CHECK(sql::delete_edit(connection, channel, proxy));
    return changed(*database_, connection);
  });
}

Result<std::optional<ChannelEdit>> ChannelEdits::find(const Uuid& channel,
                                                      const std::optional<Uuid>& proxy) {
  return sql::transact<std::optional<ChannelEdit>>(
      *database_, Access::kRead,
      [&](Connection& connection) { return sql::find_edit(connection, channel, proxy); });
}

Result<> ChannelEdits::for_each(const Visitor& visit) {
  return database_->transact(Access::kRead, [&](Connection& connection) -> Result<> {
    M3U_CHECK(
        connection.run(fmt::format("SELECT {} FROM channel_edits ORDER BY channel_id, proxy_id",
                                   sql::kEditColumns),
                       {}, [&](const sql::Row& row) -> Result<> {
                         Columns columns(row);
                         return visit(sql::edit_of(columns));
                       }));
    return {};
  });
}

Result<std::vector<ChannelEdit>> ChannelEdits::page(const std::optional<Uuid>& after, int limit) {
  if (limit < 1 || limit > kLongestPage)
    return fail(ErrorCode::kInvalidArgument, "a page has 1 to 1000 edits");
  return sql::transact<std::vector<ChannelEdit>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_all(
            connection,
            fmt::format("SELECT {} FROM channel_edits WHERE channel_id > $1 AND channel_id <="
                        " (SELECT COALESCE(MAX(channel_id), '') FROM (SELECT channel_id"
                        " FROM channel_edits WHERE channel_id > $1 ORDER BY channel_id LIMIT $2)"
                        " first) ORDER BY channel_id, proxy_id",
                        sql::kEditColumns),
            {after ? to_string(*after) : std::string(), limit}, sql::edit_of);
      });
}

Result<> ChannelEdits::check_file(std::span<const ChannelEdit> edits) {
  return database_->transact(Access::kRead, [&](Connection& connection) -> Result<> {
    for (const ChannelEdit& edit : edits) {
      M3U_TRY(const auto stored, sql::find_edit(connection, edit.channel, edit.proxy));
      M3U_CHECK(check_not_a_persons(stored, edit));
    }
    return {};
  });
}

Result<bool> ChannelEdits::release_file() {
  return sql::transact<bool>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const std::int64_t released,
                sql::execute(connection,
                             "UPDATE channel_edits SET managed_by = $1, revision = revision + 1"
                             " WHERE managed_by = $2",
                             {to_string(ManagedBy::kUser), to_string(ManagedBy::kFile)}));
        if (released > 0) M3U_CHECK(changed(*database_, connection));
        return released > 0;
      });
}

Result<bool> ChannelEdits::take_over_file(std::span<const ChannelEdit> edits, Time now) {
  using Key = std::pair<Uuid, std::string>;
  std::map<Key, const ChannelEdit*> wanted;
  for (const ChannelEdit& edit : edits)
    if (!wanted.emplace(Key(edit.channel, sql::key_of(edit.proxy)), &edit).second)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the channel {} has two edits", to_base64url(edit.channel)));
  return sql::transact<bool>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const auto before,
                sql::query_all(connection,
                               fmt::format("SELECT {} FROM channel_edits WHERE managed_by = $1",
                                           sql::kEditColumns),
                               {to_string(ManagedBy::kFile)}, sql::edit_of));
        bool any = false;
        for (const ChannelEdit& old : before) {
          if (wanted.contains(Key(old.channel, sql::key_of(old.proxy)))) continue;
          M3U_CHECK(sql::delete_edit(connection, old.channel, old.proxy));
          any = true;
        }
        for (const auto& [key, edit] : wanted) {
          M3U_TRY(const auto stored, sql::find_edit(connection, edit->channel, edit->proxy));
          M3U_CHECK(check_not_a_persons(stored, *edit));
          if (stored && stored->managed_by == ManagedBy::kFile &&
              sql::says_the_same(*stored, *edit))
            continue;
          ChannelEdit next = *edit;
          next.revision = stored ? stored->revision + 1 : 1;
          next.created = stored ? stored->created : now;
          next.updated = now;
          next.last_seen = stored ? stored->last_seen : now;
          next.managed_by = ManagedBy::kFile;
          M3U_CHECK(sql::write_edit(connection, next));
          any = true;
        }
        if (any) M3U_CHECK(changed(*database_, connection));
        return any;
      });
}

Result<bool> ChannelEdits::any_unseen_since(Time moment) {
  return sql::transact<bool>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const auto one,
                sql::query_one(connection,
                               "SELECT 1 FROM channel_edits WHERE source_id = '' AND updated >= $1"
                               " LIMIT 1",
                               {moment}, [](Columns& columns) { return columns.integer(); }));
        return one.has_value();
      });
}

Result<> ChannelEdits::record_sightings(const Uuid& source, std::span<const Sighting> sightings,
                                        Time now) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    for (const Sighting& one : sightings)
      M3U_CHECK(one.seen
                    ? sql::execute(connection,
                                   "UPDATE channel_edits SET last_seen = $2, misses = 0,"
                                   " missing_since = 0, source_id = $3 WHERE channel_id = $1",
                                   {one.channel, now, source})
                    : sql::execute(connection,
                                   "UPDATE channel_edits SET misses = misses + 1, missing_since ="
                                   " CASE WHEN missing_since = 0 THEN $2 ELSE missing_since END"
                                   " WHERE channel_id = $1 AND source_id = $3",
                                   {one.channel, now, source}));
    return {};
  });
}

Result<std::int64_t> ChannelEdits::prune(Duration kept, Time now) {
  // While nothing could be fetched nobody knows whether the channel is back.
  static constexpr std::string_view kLongGone =
      "DELETE FROM channel_edits WHERE missing_since > 0 AND source_id <> '' AND managed_by <> $1"
      " AND missing_since + $2 <= COALESCE((SELECT MAX(s.confirmed) FROM source_snapshots s"
      " WHERE s.source_id = channel_edits.source_id AND s.state = 'current'), $3)";
  return sql::transact<std::int64_t>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<std::int64_t> {
        // Up to 0.1.0 any source missed what none was seen to have.
        M3U_CHECK(sql::execute(connection,
                               "UPDATE channel_edits SET missing_since = 0, misses = 0"
                               " WHERE missing_since > 0 AND source_id = ''"));
        M3U_TRY(
            const std::int64_t gone,
            sql::execute(connection, kLongGone, {to_string(ManagedBy::kFile), kept.count(), now}));
        if (gone > 0) M3U_CHECK(changed(*database_, connection));
        return gone;
      });
}

}  // namespace m3u_proxy::store
