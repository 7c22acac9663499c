#include <array>

#include <fmt/format.h>

#include <m3u_proxy/store/generations.hpp>
#include <m3u_proxy/store/named_value.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr std::string_view kColumns =
    "proxy_id, number, state, created, settings_revision, channels, programmes, added, removed,"
    " changed";

GenerationState state_of(std::string_view name) {
  return named_value(name, {GenerationState::kCurrent, GenerationState::kCandidate},
                     GenerationState::kKept);
}

GenerationRow generation_of(Columns& columns) {
  GenerationRow row;
  row.proxy = columns.uuid();
  row.number = columns.integer();
  row.state = state_of(columns.view());
  row.created = columns.time();
  row.settings_revision = columns.integer();
  row.channels = columns.count();
  row.programmes = columns.count();
  row.added = columns.count();
  row.removed = columns.count();
  row.changed = columns.count();
  return row;
}

Result<std::vector<GenerationRow>> load(Connection& connection, std::string_view condition,
                                        std::initializer_list<sql::Value> values) {
  M3U_TRY(auto rows, sql::query_all(connection,
                                    fmt::format("SELECT {} FROM generations WHERE {}"
                                                " ORDER BY number DESC",
                                                kColumns, condition),
                                    values, generation_of));
  for (GenerationRow& row : rows) {
    M3U_TRY(row.files, sql::query_all(connection,
                                      "SELECT name, bytes, content_hash FROM generation_files"
                                      " WHERE proxy_id = $1 AND number = $2 ORDER BY name",
                                      {row.proxy, row.number}, [](Columns& columns) {
                                        GenerationFile file;
                                        file.name = columns.text();
                                        file.bytes = columns.count();
                                        file.content_hash = columns.text();
                                        return file;
                                      }));
  }
  return rows;
}

Result<> insert(Connection& connection, const GenerationRow& row, GenerationState state) {
  M3U_CHECK(
      sql::execute(connection,
                   fmt::format("INSERT INTO generations ({}) VALUES"
                               " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                               kColumns),
                   {row.proxy, row.number, to_string(state), row.created, row.settings_revision,
                    row.channels, row.programmes, row.added, row.removed, row.changed}));
  for (const GenerationFile& file : row.files)
    M3U_CHECK(sql::execute(connection,
                           "INSERT INTO generation_files (proxy_id, number, name, bytes,"
                           " content_hash) VALUES ($1, $2, $3, $4, $5)",
                           {row.proxy, row.number, file.name, file.bytes, file.content_hash}));
  return {};
}

Result<bool> held(Connection& connection, const Uuid& proxy) {
  M3U_TRY(const auto held,
          sql::query_one(connection, "SELECT held FROM proxy_states WHERE proxy_id = $1", {proxy},
                         [](Columns& columns) { return columns.boolean(); }));
  return held.value_or(false);
}

Result<> hold(Connection& connection, const Uuid& proxy, bool held) {
  M3U_CHECK(sql::execute(connection,
                         "INSERT INTO proxy_states (proxy_id, next_number, held)"
                         " VALUES ($1, 1, $2) ON CONFLICT (proxy_id) DO UPDATE SET"
                         " held = excluded.held",
                         {proxy, held}));
  return {};
}

Result<> set_all(Connection& connection, const Uuid& proxy, GenerationState from,
                 GenerationState to) {
  M3U_CHECK(sql::execute(connection,
                         "UPDATE generations SET state = $3 WHERE proxy_id = $1 AND state = $2",
                         {proxy, to_string(from), to_string(to)}));
  return {};
}

/// Returns how many there are of that number: 0 or 1.
Result<std::int64_t> make_current(Connection& connection, const Uuid& proxy, std::int64_t number) {
  M3U_CHECK(set_all(connection, proxy, GenerationState::kCurrent, GenerationState::kKept));
  return sql::execute(
      connection, "UPDATE generations SET state = 'current' WHERE proxy_id = $1 AND number = $2",
      {proxy, number});
}

std::unexpected<Error> none(std::int64_t number) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no generation {} any more", number));
}

Result<> check_newest(Connection& connection, const GenerationRow& row) {
  M3U_TRY(const auto newest,
          sql::query_one(connection,
                         "SELECT COALESCE(MAX(number), 0) FROM generations WHERE proxy_id = $1",
                         {row.proxy}, [](Columns& columns) { return columns.integer(); }));
  if (newest.value_or(0) < row.number) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("generation {} comes too late: {} is there", row.number, *newest));
}

}  // namespace

std::string_view to_string(GenerationState state) {
  static constexpr std::array<std::string_view, 3> kNames = {"current", "candidate", "kept"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string noted_inputs_name(const Uuid& proxy) { return "inputs/" + to_string(proxy); }

Result<std::int64_t> Generations::next_number(const Uuid& proxy) {
  return sql::transact<std::int64_t>(
      *database_, Access::kWrite, [&](Connection& connection) -> Result<std::int64_t> {
        M3U_TRY(const auto next,
                sql::query_one(connection,
                               "INSERT INTO proxy_states (proxy_id, next_number, held)"
                               " VALUES ($1, 2, 0) ON CONFLICT (proxy_id) DO UPDATE SET"
                               " next_number = proxy_states.next_number + 1"
                               " RETURNING next_number",
                               {proxy}, [](Columns& columns) { return columns.integer(); }));
        if (!next) return fail(ErrorCode::kInternal, "a proxy has no state");
        return *next - 1;
      });
}

Result<GenerationState> Generations::publish(const GenerationRow& generation,
                                             const std::optional<JobLease>& lease) {
  return sql::transact<GenerationState>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<GenerationState> {
        if (lease) M3U_CHECK(sql::check_lease(connection, *lease));
        M3U_CHECK(check_newest(connection, generation));
        M3U_TRY(const bool waits, held(connection, generation.proxy));
        const auto state = waits ? GenerationState::kCandidate : GenerationState::kCurrent;
        if (!waits)
          M3U_CHECK(set_all(connection, generation.proxy, GenerationState::kCurrent,
                            GenerationState::kKept));
        M3U_CHECK(insert(connection, generation, state));
        M3U_CHECK(database_->announce(connection, Topic::kGenerations));
        return state;
      });
}

Result<> Generations::roll_back(const Uuid& proxy, std::int64_t number) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t changed, make_current(connection, proxy, number));
    if (changed == 0) return none(number);
    M3U_CHECK(hold(connection, proxy, true));
    return database_->announce(connection, Topic::kGenerations);
  });
}

Result<std::int64_t> Generations::release(const Uuid& proxy) {
  return sql::transact<std::int64_t>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<std::int64_t> {
        M3U_TRY(const bool is_held, held(connection, proxy));
        if (!is_held) return fail(ErrorCode::kConflict, "the proxy is not held");
        M3U_TRY(const auto newest,
                sql::query_one(connection,
                               "SELECT number FROM generations WHERE proxy_id = $1"
                               " ORDER BY number DESC LIMIT 1",
                               {proxy}, [](Columns& columns) { return columns.integer(); }));
        if (!newest) return fail(ErrorCode::kInternal, "a held proxy has no generation");
        M3U_CHECK(make_current(connection, proxy, *newest));
        M3U_CHECK(set_all(connection, proxy, GenerationState::kCandidate, GenerationState::kKept));
        M3U_CHECK(hold(connection, proxy, false));
        M3U_CHECK(database_->announce(connection, Topic::kGenerations));
        return *newest;
      });
}

Result<bool> Generations::is_held(const Uuid& proxy) {
  return sql::transact<bool>(*database_, Access::kRead,
                             [&](Connection& connection) { return held(connection, proxy); });
}

Result<std::optional<GenerationRow>> Generations::current(const Uuid& proxy) {
  return sql::transact<std::optional<GenerationRow>>(
      *database_, Access::kRead,
      [&](Connection& connection) -> Result<std::optional<GenerationRow>> {
        M3U_TRY(auto rows, load(connection, "proxy_id = $1 AND state = 'current'", {proxy}));
        if (rows.empty()) return std::optional<GenerationRow>();
        return std::optional(std::move(rows.front()));
      });
}

Result<GenerationRow> Generations::get(const Uuid& proxy, std::int64_t number) {
  return sql::transact<GenerationRow>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<GenerationRow> {
        M3U_TRY(auto rows, load(connection, "proxy_id = $1 AND number = $2", {proxy, number}));
        if (rows.empty()) return none(number);
        return std::move(rows.front());
      });
}

Result<> Generations::note_inputs(const Uuid& proxy, std::int64_t number, std::string_view inputs) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection,
                           "INSERT INTO store_state (name, value) VALUES ($1, $2)"
                           " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                           {noted_inputs_name(proxy), fmt::format("{} {}", number, inputs)}));
    return {};
  });
}

Result<std::optional<std::string>> Generations::noted_inputs(const Uuid& proxy,
                                                             std::int64_t number) {
  return sql::transact<std::optional<std::string>>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<std::optional<std::string>> {
        M3U_TRY(const auto noted,
                sql::query_one(connection, "SELECT value FROM store_state WHERE name = $1",
                               {noted_inputs_name(proxy)},
                               [](Columns& columns) { return columns.text(); }));
        const std::string of_this = fmt::format("{} ", number);
        if (!noted || !noted->starts_with(of_this)) return std::optional<std::string>();
        return noted->substr(of_this.size());
      });
}

Result<std::vector<GenerationRow>> Generations::list(const Uuid& proxy) {
  return sql::transact<std::vector<GenerationRow>>(
      *database_, Access::kRead,
      [&](Connection& connection) { return load(connection, "proxy_id = $1", {proxy}); });
}

Result<> Generations::forget(const Uuid& proxy, std::int64_t number) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t gone,
            sql::execute(connection,
                         "DELETE FROM generations WHERE proxy_id = $1 AND number = $2"
                         " AND state <> 'current'",
                         {proxy, number}));
    if (gone == 0)
      return fail(ErrorCode::kConflict,
                  fmt::format("generation {} is current or not there", number));
    // Who has its files open keeps them on the disk.
    return database_->announce(connection, Topic::kGenerations);
  });
}

}  // namespace m3u_proxy::store
