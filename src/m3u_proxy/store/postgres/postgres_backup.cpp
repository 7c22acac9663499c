#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/store/postgres/postgres_backup.hpp>
#include <m3u_proxy/store/sql/backup_file.hpp>

namespace m3u_proxy::store::postgres {
namespace {

// Readers go on. What reads everything takes its time, and so do our disk and the step that
// follows; but who dies meanwhile must not hold up the others for ever.
constexpr std::string_view kLock =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '10min';"
    "LOCK TABLE {} IN EXCLUSIVE MODE";

constexpr std::string_view kBegin =
    R"(-- The tables of m3u-proxy before an upgrade, for psql: docs/database.md has the way back.
\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
BEGIN;
SET LOCAL statement_timeout = 0;
DO $$ BEGIN
  IF (SELECT MAX(version) FROM schema_migrations) IS DISTINCT FROM {0} THEN
    RAISE EXCEPTION 'this is a backup of schema {0}: let the program from before make the tables';
  END IF;
END $$;
TRUNCATE {1};
)";

struct Table {
  std::string name;
  std::string columns;                 ///< as COPY names them
  std::vector<std::string> refers_to;  ///< other tables that need their rows first
  Bytes size{};                        ///< on the server's disk
};

Result<Table> look_at(PostgresConnection& connection, const std::string& name) {
  M3U_TRY(auto table,
          sql::query_one(connection,
                         "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),"
                         " pg_table_size($1::regclass) FROM pg_attribute"
                         " WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"
                         " AND attgenerated = ''",
                         {name}, [&](sql::Columns& row) {
                           std::string columns = row.text();
                           return Table{.name = name,
                                        .columns = std::move(columns),
                                        .refers_to = {},
                                        .size = Bytes{row.count()}};
                         }));
  M3U_TRY(table->refers_to, sql::query_all(connection,
                                           "SELECT confrelid::regclass::text FROM pg_constraint"
                                           " WHERE contype = 'f' AND conrelid = $1::regclass",
                                           {name}, [](sql::Columns& row) { return row.text(); }));
  return *std::move(table);
}

/// Each after those that it refers to.
std::vector<Table> in_order(std::vector<Table> tables) {
  std::vector<Table> ordered;
  const auto waits = [&](const Table& table) {
    return std::ranges::any_of(tables, [&](const Table& other) {
      return other.name != table.name &&
             std::ranges::find(table.refers_to, other.name) != table.refers_to.end();
    });
  };
  while (!tables.empty()) {
    auto next = std::ranges::find_if_not(tables, waits);
    // Keys in a circle are checked at the end of the transaction, or nobody could fill them.
    if (next == tables.end()) next = tables.begin();
    ordered.push_back(std::move(*next));
    tables.erase(next);
  }
  return ordered;
}

Result<> write_rows(PostgresConnection& connection, const Table& table, sql::BackupFile& file) {
  const std::string what = fmt::format("{} ({})", table.name, table.columns);
  M3U_CHECK(file.write(fmt::format("COPY {} FROM stdin;\n", what)));
  M3U_CHECK(connection.copy_out(what, [&](std::string_view row) { return file.write(row); }));
  return file.write("\\.\n");
}

/// Where the table's own numbers go on: COPY takes the rows' as they are and counts nothing.
Result<> write_counters(PostgresConnection& connection, const Table& table, sql::BackupFile& file) {
  using Counter = std::pair<std::string, std::string>;  // the column, the sequence
  M3U_TRY(const auto counters,
          sql::query_all(connection,
                         "SELECT quote_ident(attname), pg_get_serial_sequence($1, attname)"
                         " FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
                         " AND NOT attisdropped AND attidentity <> ''",
                         {table.name}, [](sql::Columns& row) {
                           std::string column = row.text();
                           return Counter(std::move(column), row.text());
                         }));
  for (const auto& [column, sequence] : counters) {
    M3U_TRY(const auto next,
            sql::query_one(connection,
                           fmt::format("SELECT last_value + is_called::int FROM {}", sequence), {},
                           [](sql::Columns& row) { return row.integer(); }));
    M3U_CHECK(file.write(fmt::format("ALTER TABLE {} ALTER COLUMN {} RESTART WITH {};\n",
                                     table.name, column, next.value_or(1))));
  }
  return {};
}

}  // namespace

Result<> write_backup(PostgresConnection& connection, std::span<const std::string> tables,
                      const std::filesystem::path& file, std::string_view place) {
  const std::string names = fmt::format("{}", fmt::join(tables, ", "));
  M3U_CHECK(connection.script(fmt::format(kLock, names)));
  M3U_TRY(const auto version,
          sql::query_one(connection, "SELECT MAX(version) FROM schema_migrations", {},
                         [](sql::Columns& row) { return row.integer(); }));
  std::vector<Table> found;
  Bytes size;
  for (const std::string& name : tables) {
    M3U_TRY(Table table, look_at(connection, name));
    size += table.size;
    found.push_back(std::move(table));
  }
  M3U_TRY(const auto out, sql::BackupFile::create(file, size, place));
  M3U_CHECK(out->write(fmt::format(kBegin, version.value_or(0), names)));
  for (const Table& table : in_order(std::move(found))) {
    M3U_CHECK(write_rows(connection, table, *out));
    M3U_CHECK(write_counters(connection, table, *out));
  }
  M3U_CHECK(out->write("COMMIT;\n"));
  return out->keep();
}

}  // namespace m3u_proxy::store::postgres
