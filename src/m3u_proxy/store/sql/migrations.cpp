#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

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

std::string next_word(std::string_view& statements) {
  constexpr std::string_view kBetween = " \n\t(),;";
  statements.remove_prefix(std::min(statements.find_first_not_of(kBetween), statements.size()));
  const std::string_view word = statements.substr(0, statements.find_first_of(kBetween));
  statements.remove_prefix(word.size());
  return std::string(word);
}

/// What becomes of `tables`, the names of those that there are.
void follow(std::string_view statements, std::vector<std::string>& tables) {
  std::string verb;
  for (std::string word = next_word(statements); !word.empty(); word = next_word(statements)) {
    if (word != "TABLE") {
      verb = std::move(word);
      continue;
    }
    std::string name = next_word(statements);
    while (name == "IF" || name == "NOT" || name == "EXISTS") name = next_word(statements);
    if (verb == "CREATE") tables.push_back(name);
    if (verb == "DROP") std::erase(tables, name);
    std::string_view ahead = statements;
    if (verb == "ALTER" && next_word(ahead) == "RENAME" && next_word(ahead) == "TO")
      std::ranges::replace(tables, name, next_word(ahead));
  }
}

/// The tables of a schema of ours, in the order in which they were made. Others in the same
/// database are of other programs.
std::vector<std::string> tables_of(std::span<const Migration> steps, int version) {
  std::vector<std::string> tables;
  follow(kHistory, tables);
  for (const Migration& step : steps)
    if (step.version <= version) follow(step.statements, tables);
  return tables;
}

Result<> back_up_before(Database& database, Connection& connection,
                        const std::vector<std::string>& tables, int version) {
  const std::filesystem::path file = database.backup_path(version);
  std::error_code ignored;
  // A start that failed later has left one: nothing was migrated then.
  std::filesystem::remove(file, ignored);
  M3U_CHECK(database.back_up(connection, tables, file));
  log::info("store", "the database before the upgrade is in {}", file.string());
  return {};
}

/// False when another process was faster. `to_save`: the tables that are backed up before, if any.
Result<bool> take_step(Database& database, const Migration& step,
                       const std::vector<std::string>& to_save, std::string_view program,
                       Time now) {
  return transact<bool>(database, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
    M3U_TRY(const Applied before, last_applied(connection));
    if (before.version >= step.version) return false;
    // Under the lock, so that it is surely of the schema before.
    if (!to_save.empty()) M3U_CHECK(back_up_before(database, connection, to_save, before.version));
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
  std::vector<std::string> to_save;
  if (applied.version > 0) to_save = tables_of(steps, applied.version);
  for (const Migration& step : steps.subspan(static_cast<std::size_t>(applied.version))) {
    auto taken = take_step(database, step, std::exchange(to_save, {}), program, now);
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
