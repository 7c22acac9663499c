#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include <m3u_proxy/store/sqlite/open_errors.hpp>
#include <m3u_proxy/store/sqlite/sqlite_connection.hpp>

namespace m3u_proxy::store::sqlite {
namespace {

constexpr std::size_t kKeptStatements = 48;
constexpr int kPrimaryCode = 0xFF;
constexpr std::int64_t kLargestJournal = 16LL << 20U;

class SqliteRow final : public sql::Row {
 public:
  SqliteRow(const SqliteLibrary& sqlite, sqlite3_stmt* statement)
      : sqlite_(&sqlite), statement_(statement) {}
  [[nodiscard]] bool is_null(int column) const override {
    return sqlite_->sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::int64_t integer(int column) const override {
    return sqlite_->sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] double real(int column) const override {
    return sqlite_->sqlite3_column_double(statement_, column);
  }
  [[nodiscard]] std::string_view text(int column) const override {
    const auto* text =
        reinterpret_cast<const char*>(sqlite_->sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite_->sqlite3_column_bytes(statement_, column))};
  }

 private:
  const SqliteLibrary* sqlite_;
  sqlite3_stmt* statement_;
};

struct Meaning {
  ErrorCode code = ErrorCode::kIo;
  std::string_view hint{};
};

Meaning meaning_of(int extended, int errno_value) {
  constexpr Meaning kFull{.code = ErrorCode::kDiskFull,
                          .hint = "make room on the disk of the data folder"};
  if (extended == SQLITE_CONSTRAINT_FOREIGNKEY) return {.code = ErrorCode::kNotFound};
  const int primary = extended & kPrimaryCode;
  if ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) &&
      (errno_value == ENOSPC || errno_value == EDQUOT))
    return kFull;
  switch (primary) {
    case SQLITE_CONSTRAINT:
      return {.code = ErrorCode::kConflict};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {.code = ErrorCode::kUnavailable,
              .hint = "another program holds the database's lock: end it, or try again"};
    case SQLITE_FULL:
      return kFull;
    case SQLITE_NOMEM:
      return {.code = ErrorCode::kOverBudget, .hint = "raise the memory limit"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {.hint = "the database is damaged: restore a backup (docs/database.md)"};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return {.hint = "see that the data folder and the files in it can be written"};
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
      return {.code = ErrorCode::kInternal};
    default:
      return {};
  }
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const Options& options) {
  M3U_TRY(const SqliteLibrary* const sqlite, sqlite_library());
  sqlite3* handle = nullptr;
  // Each session is used by one thread at a time: SQLite need not lock as well.
  const int code = sqlite->sqlite3_open_v2(options.file.c_str(), &handle,
                                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteConnection> connection(
      new SqliteConnection(*sqlite, handle, options.file.string()));
  if (code != SQLITE_OK) return connection->failure();
  M3U_CHECK(connection->configure(options));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  drop_statements();
  sqlite_->sqlite3_close_v2(handle_);
}

Result<> SqliteConnection::configure(const Options& options) {
  sqlite_->sqlite3_extended_result_codes(handle_, 1);
  sqlite_->sqlite3_busy_timeout(handle_, static_cast<int>(options.busy_timeout.count()));
  M3U_CHECK(switch_to_wal());
  // Debian's SQLite overwrites what is deleted, which costs writes; secrets are sealed here.
  return script(
      fmt::format("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
                  "PRAGMA secure_delete = OFF; PRAGMA temp_store = FILE;"
                  "PRAGMA cache_size = -{}; PRAGMA journal_size_limit = {};",
                  options.cache.count / kib(1).count, kLargestJournal));
}

Result<> SqliteConnection::switch_to_wal() {
  std::string mode;
  M3U_CHECK(run("PRAGMA journal_mode = WAL", {}, [&](const sql::Row& row) -> Result<> {
    mode = row.text(0);
    return {};
  }));
  drop_statements();
  if (mode == "wal") return {};
  return fail(ErrorCode::kIo, fmt::format("{}: the disk does not allow WAL mode", place_),
              "put the data folder on a local disk");
}

std::unexpected<Error> SqliteConnection::failure() const {
  const int code = sqlite_->sqlite3_extended_errcode(handle_);
  const bool not_opened = (code & kPrimaryCode) == SQLITE_CANTOPEN;
  const Meaning meaning =
      meaning_of(code, not_opened ? last_open_errno() : sqlite_->sqlite3_system_errno(handle_));
  return fail(meaning.code, fmt::format("{}: {}", place_, sqlite_->sqlite3_errmsg(handle_)),
              std::string(meaning.hint));
}

Result<SqliteConnection::Statement> SqliteConnection::take(std::string_view text) {
  const auto found = std::ranges::find(statements_, text, &Statement::text);
  if (found != statements_.end()) {
    Statement statement = std::move(*found);
    statements_.erase(found);
    return statement;
  }
  Statement statement{.text = std::string(text), .handle = nullptr, .used = true};
  if (sqlite_->sqlite3_prepare_v3(
          handle_, statement.text.c_str(), static_cast<int>(statement.text.size()),
          SQLITE_PREPARE_PERSISTENT, &statement.handle, nullptr) != SQLITE_OK)
    return failure();
  // $N is a name to SQLite.
  for (std::size_t n = 1;; ++n) {
    const int place =
        sqlite_->sqlite3_bind_parameter_index(statement.handle, fmt::format("${}", n).c_str());
    if (place == 0) return statement;
    statement.places.push_back(place);
  }
}

void SqliteConnection::keep(Statement statement) {
  sqlite_->sqlite3_reset(statement.handle);
  sqlite_->sqlite3_clear_bindings(statement.handle);
  statement.used = true;
  statements_.push_front(std::move(statement));
  if (statements_.size() <= kKeptStatements) return;
  sqlite_->sqlite3_finalize(statements_.back().handle);
  statements_.pop_back();
}

Result<> SqliteConnection::bind(const Statement& statement, std::span<const sql::Value> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    // What the statement does not ask for has no place: SQLite says so.
    const int at = i < statement.places.size() ? statement.places[i] : 0;
    const auto& content = values[i].content();
    int code = SQLITE_OK;
    if (const auto* integer = std::get_if<std::int64_t>(&content))
      code = sqlite_->sqlite3_bind_int64(statement.handle, at, *integer);
    else if (const auto* real = std::get_if<double>(&content))
      code = sqlite_->sqlite3_bind_double(statement.handle, at, *real);
    else if (const auto* text = std::get_if<std::string>(&content))
      // The values outlive the run, so nothing is copied.
      code = sqlite_->sqlite3_bind_text64(statement.handle, at, text->data(), text->size(), nullptr,
                                          SQLITE_UTF8);
    else
      code = sqlite_->sqlite3_bind_null(statement.handle, at);
    if (code != SQLITE_OK) return failure();
  }
  return {};
}

Result<std::int64_t> SqliteConnection::step_all(const Statement& statement, const OnRow& on_row) {
  const SqliteRow row(*sqlite_, statement.handle);
  std::int64_t rows = 0;
  for (;;) {
    const int code = sqlite_->sqlite3_step(statement.handle);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) return failure();
    ++rows;
    M3U_CHECK(on_row(row));
  }
  if (sqlite_->sqlite3_column_count(statement.handle) > 0) return rows;
  return sqlite_->sqlite3_changes(handle_);
}

Result<std::int64_t> SqliteConnection::run(std::string_view text,
                                           std::span<const sql::Value> values,
                                           const OnRow& on_row) {
  M3U_CHECK(sql::check_values(values));
  M3U_TRY(Statement statement, take(text));
  const Result<> bound = bind(statement, values);
  auto result = bound ? step_all(statement, on_row) : Result<std::int64_t>(fail(bound.error()));
  keep(std::move(statement));
  return result;
}

Result<> SqliteConnection::script(std::string_view statements) {
  if (sqlite_->sqlite3_exec(handle_, std::string(statements).c_str(), nullptr, nullptr, nullptr) !=
      SQLITE_OK)
    return failure();
  return {};
}

const sql::Dialect& SqliteConnection::dialect() const {
  static constexpr sql::Dialect kDialect{.skip_locked = "",
                                         .for_update = "",
                                         .text = "TEXT",
                                         .integer = "INTEGER",
                                         .real = "REAL",
                                         .serial = "INTEGER PRIMARY KEY AUTOINCREMENT",
                                         .table_end = " STRICT"};
  return kDialect;
}

bool SqliteConnection::in_transaction() const {
  return sqlite_->sqlite3_get_autocommit(handle_) == 0;
}

Bytes SqliteConnection::cache_size() const {
  int size = 0;
  int highest = 0;
  sqlite_->sqlite3_db_status(handle_, SQLITE_DBSTATUS_CACHE_USED, &size, &highest, 0);
  return {static_cast<std::uint64_t>(std::max(size, 0))};
}

Bytes SqliteConnection::release_cache() {
  const Bytes before = cache_size();
  sqlite_->sqlite3_db_release_memory(handle_);
  return before - std::min(before, cache_size());
}

std::size_t SqliteConnection::drop_statements() {
  const std::size_t count = statements_.size();
  for (const Statement& statement : statements_) sqlite_->sqlite3_finalize(statement.handle);
  statements_.clear();
  return count;
}

std::size_t SqliteConnection::drop_unused_statements() {
  return std::erase_if(statements_, [&](Statement& statement) {
    if (std::exchange(statement.used, false)) return false;
    sqlite_->sqlite3_finalize(statement.handle);
    return true;
  });
}

}  // namespace m3u_proxy::store::sqlite
