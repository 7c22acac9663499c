#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/store/sql/migrations.hpp>

namespace m3u_proxy::store::sql {
namespace {

struct Applied {
  int version = 0;
  std::string program;  ///< that took the step
};

std::string in_dialect(std::string_view statements, const Dialect& dialect) {
  const std::array<std::pair<std::string_view, std::string_view>, 5> words = {
      {{"{text}", dialect.text},
       {"{int}", dialect.integer},
       {"{real}", dialect.real},
       {"{serial}", dialect.serial},
       {"{end}", dialect.table_end}}};
  std::string out(statements);
  for (const auto& [word, meaning] : words)
    for (std::size_t at = out.find(word); at != std::string::npos; at = out.find(word, at))
      out.replace(at, word.size(), meaning);
  return out;
}

constexpr std::string_view kHistory =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version {int} NOT NULL PRIMARY KEY,"
    " name {text} NOT NULL, program {text} NOT NULL, applied {int} NOT NULL){end}";

Result<Applied> last_applied(Connection& connection) {
  M3U_TRY(const auto last,
          query_one(connection,
                    "SELECT version, program FROM schema_migrations ORDER BY version DESC LIMIT 1",
                    {}, [](Columns& columns) {
                      const auto version = static_cast<int>(columns.integer());
                      return Applied{.version = version, .program = columns.text()};
                    }));
  return last.value_or(Applied{});
}

std::unexpected<Error> newer(const Database& database, const Applied& applied, int known) {
  return fail(ErrorCode::kConfig,
              fmt::format("{} has schema {}, made by m3u-proxy {}; this program knows schemas up "
                          "to {}",
                          database.place(), applied.version, applied.program, known),
              fmt::format("run m3u-proxy {} or newer, or restore a backup from before the upgrade",
                          applied.program));
}

Result<> back_up_before(Database& database, int version) {
  if (!database.backs_up()) {
    log::info("store", "{}: the schema is brought up to date; a failed step changes nothing",
              database.place());
    return {};
  }
  const std::filesystem::path file = database.backup_path(version);
  std::error_code ignored;
  // A start that failed later has left one: the data is still the same.
  std::filesystem::remove(file, ignored);
  M3U_CHECK(database.back_up(file));
  log::info("store", "the database before the upgrade is in {}", file.string());
  return {};
}

enum class Backup : std::uint8_t { kNo, kBefore };

/// False when another process was faster.
Result<bool> take_step(Database& database, const Migration& step, Backup backup,
                       std::string_view program, Time now) {
  return transact<bool>(database, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
    M3U_TRY(const Applied before, last_applied(connection));
    if (before.version >= step.version) return false;
    // Under the lock, so that it is surely of the schema before.
    if (backup == Backup::kBefore) M3U_CHECK(back_up_before(database, before.version));
    M3U_CHECK(connection.script(in_dialect(step.statements, connection.dialect())));
    M3U_CHECK(execute(connection, "INSERT INTO schema_migrations VALUES ($1, $2, $3, $4)",
                      {step.version, step.name, program, now}));
    return true;
  });
}

}  // namespace

Result<int> migrate(Database& database, std::span<const Migration> steps, std::string_view program,
                    Time now) {
  const int known = steps.empty() ? 0 : steps.back().version;
  Applied applied;
  const Result<> looked =
      database.transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
        M3U_CHECK(connection.script(in_dialect(kHistory, connection.dialect())));
        M3U_TRY(applied, last_applied(connection));
        return {};
      });
  if (!looked) return fail(looked.error());
  if (applied.version > known) return newer(database, applied, known);
  if (applied.version == known) return known;
  Backup backup = applied.version > 0 ? Backup::kBefore : Backup::kNo;
  for (const Migration& step : steps.subspan(static_cast<std::size_t>(applied.version))) {
    auto taken = take_step(database, step, std::exchange(backup, Backup::kNo), program, now);
    if (!taken) {
      Error error = std::move(taken).error();
      error.message = fmt::format("{}: schema {} ({}) can't be made: {}", database.place(),
                                  step.version, step.name, error.message);
      return fail(std::move(error));
    }
    if (*taken && applied.version > 0) log::info("store", "schema {}: {}", step.version, step.name);
  }
  return known;
}

}  // namespace m3u_proxy::store::sql
