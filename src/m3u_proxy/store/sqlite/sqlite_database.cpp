#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/store/sql/backup_file.hpp>
#include <m3u_proxy/store/sqlite/file_system.hpp>
#include <m3u_proxy/store/sqlite/local_changes.hpp>
#include <m3u_proxy/store/sqlite/sqlite_connection.hpp>
#include <m3u_proxy/store/sqlite/sqlite_database.hpp>

namespace m3u_proxy::store::sqlite {
namespace {

using sql::Access;

constexpr mode_t kOwnerOnly = 0600;
constexpr int kMostReaders = 8;

class SqliteDatabase final : public sql::Database {
 public:
  SqliteDatabase(Options options, memory::Reservation reserved)
      : options_(std::move(options)),
        place_(options_.file.string()),
        reserved_(std::move(reserved)) {}

  Result<> open();

  Result<> transact(Access access, const Work& work) override;
  Result<> announce(sql::Connection&, Topic topic) override {
    pending_.set(static_cast<std::size_t>(topic));
    return {};
  }
  Result<std::unique_ptr<ChangeFeed>> watch() override { return changes_.watch(); }
  Result<bool> lead() override { return true; }  // no other process may have the file
  void resign() override {}

  Result<> back_up(sql::Connection&, std::span<const std::string>,
                   const std::filesystem::path& file) override;
  [[nodiscard]] std::filesystem::path backup_path(int schema_version) const override {
    return fmt::format("{}.schema{}.backup", place_, schema_version);
  }
  Result<> check() override;
  [[nodiscard]] std::string_view place() const override { return place_; }

  std::size_t basic_cleanup() override;
  std::size_t aggressive_cleanup() override;
  std::size_t smart_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  struct Session {
    std::mutex mutex;
    std::unique_ptr<SqliteConnection> connection;
    bool used = false;  ///< since the last smart_cleanup()
  };

  Result<std::unique_ptr<SqliteConnection>> connect(Bytes cache) const;
  Result<> read(const Work& work);
  Result<> write(const Work& work);
  Result<> commit_or_roll_back(SqliteConnection& connection, const Result<>& done);
  /// `clean` on every session that nobody uses now.
  template <typename F>
  std::size_t for_idle(const F& clean) const;

  Options options_;
  std::string place_;
  memory::Reservation reserved_;
  mutable Session writer_;
  mutable std::vector<std::unique_ptr<Session>> readers_;
  std::mutex turn_mutex_;
  std::condition_variable turn_;
  Topics pending_;  ///< of the transaction that runs; the writer's lock guards it
  LocalChanges changes_;
};

Result<std::unique_ptr<SqliteConnection>> SqliteDatabase::connect(Bytes cache) const {
  return SqliteConnection::open(
      {.file = options_.file, .cache = cache, .busy_timeout = options_.busy_timeout});
}

Result<> SqliteDatabase::open() {
  const auto count = static_cast<std::size_t>(std::clamp(options_.readers, 1, kMostReaders));
  const Bytes half = options_.cache / 2;
  M3U_TRY(writer_.connection, connect(half));
  for (std::size_t i = 0; i < count; ++i) {
    auto reader = std::make_unique<Session>();
    M3U_TRY(reader->connection, connect(half / count));
    readers_.push_back(std::move(reader));
  }
  return {};
}

Result<> SqliteDatabase::transact(Access access, const Work& work) {
  if (access == Access::kRead) return read(work);
  if (access != Access::kSnapshot) return write(work);
  // It may take long: the readers are for those who wait.
  M3U_TRY(const auto own, connect(kib(256)));
  M3U_CHECK(sql::execute(*own, "BEGIN"));
  Result<> result = work(*own);
  // Nothing was written: there is nothing to lose.
  const auto ended = sql::execute(*own, "ROLLBACK");
  if (result && !ended) return fail(ended.error());
  return result;
}

Result<> SqliteDatabase::read(const Work& work) {
  std::unique_lock turn(turn_mutex_);
  std::unique_lock<std::mutex> session_lock;
  Session* session = nullptr;
  turn_.wait(turn, [&] {
    for (const auto& reader : readers_) {
      session_lock = std::unique_lock(reader->mutex, std::try_to_lock);
      if (!session_lock) continue;
      session = reader.get();
      return true;
    }
    return false;
  });
  turn.unlock();
  session->used = true;
  Result<> result = work(*session->connection);
  {
    // Under the lock, so that nobody looks just before and sleeps just after.
    const std::scoped_lock relock(turn_mutex_);
    session_lock.unlock();
  }
  turn_.notify_one();
  return result;
}

Result<> SqliteDatabase::write(const Work& work) {
  Topics changed;
  {
    const std::scoped_lock lock(writer_.mutex);
    SqliteConnection& connection = *writer_.connection;
    writer_.used = true;
    pending_.reset();
    M3U_CHECK(sql::execute(connection, "BEGIN IMMEDIATE"));
    M3U_CHECK(commit_or_roll_back(connection, work(connection)));
    changed = pending_;
  }
  if (changed.any()) changes_.tell(changed);
  return {};
}

Result<> SqliteDatabase::commit_or_roll_back(SqliteConnection& connection, const Result<>& done) {
  Result<> result = done;
  if (result) {
    const auto committed = sql::execute(connection, "COMMIT");
    if (committed) return {};
    result = fail(committed.error());
  }
  // Some failures, such as a full disk, have ended it already.
  if (connection.in_transaction()) {
    const auto rolled_back = sql::execute(connection, "ROLLBACK");
    if (!rolled_back) log::warn("store", "{}", to_string(rolled_back.error()));
  }
  return result;
}

Result<> SqliteDatabase::back_up(sql::Connection& /*connection*/,
                                 std::span<const std::string> /*tables*/,
                                 const std::filesystem::path& file) {
  std::error_code unknown;
  const std::uintmax_t size = std::filesystem::file_size(options_.file, unknown);
  M3U_TRY(const auto target,
          sql::BackupFile::create(file, unknown ? Bytes{} : Bytes{size}, place_));
  {
    // Within a transaction there is no VACUUM: it has a session of its own.
    M3U_TRY(const auto own, connect(kib(256)));
    M3U_CHECK(sql::execute(*own, "VACUUM INTO $1", {file.string()}));
  }
  return target->keep();
}

Result<> SqliteDatabase::check() {
  M3U_TRY(const auto connection, connect(kib(256)));
  M3U_TRY(const auto findings,
          sql::query_all(*connection, "PRAGMA integrity_check(5)", {},
                         [](sql::Columns& columns) { return columns.text(); }));
  M3U_TRY(const auto orphans, sql::query_all(*connection, "PRAGMA foreign_key_check", {},
                                             [](sql::Columns& columns) { return columns.text(); }));
  if (findings == std::vector<std::string>{"ok"} && orphans.empty()) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} is damaged: {}", place_,
                          findings.front() == "ok" ? "orphans in " + orphans.front()
                                                   : fmt::format("{}", fmt::join(findings, "; "))),
              "restore a backup (docs/database.md)");
}

template <typename F>
std::size_t SqliteDatabase::for_idle(const F& clean) const {
  std::size_t cleaned = 0;
  const auto visit = [&](Session& session) {
    const std::unique_lock lock(session.mutex, std::try_to_lock);
    if (lock) cleaned += clean(session);
  };
  visit(writer_);
  for (const auto& reader : readers_) visit(*reader);
  return cleaned;
}

std::size_t SqliteDatabase::basic_cleanup() {
  return for_idle([](Session& session) -> std::size_t {
    return session.connection->release_cache() > Bytes{} ? 1 : 0;
  });
}

std::size_t SqliteDatabase::aggressive_cleanup() {
  return for_idle([](Session& session) {
    const std::size_t dropped = session.connection->drop_statements();
    return dropped + (session.connection->release_cache() > Bytes{} ? 1 : 0);
  });
}

std::size_t SqliteDatabase::smart_cleanup() {
  return for_idle([](Session& session) {
    std::size_t cleaned = session.connection->drop_unused_statements();
    if (!std::exchange(session.used, false) && session.connection->release_cache() > Bytes{})
      ++cleaned;
    return cleaned;
  });
}

memory::MemoryUsage SqliteDatabase::memory_usage() const {
  memory::MemoryUsage usage;
  for_idle([&](const Session& session) -> std::size_t {
    usage.unused += session.connection->cache_size();
    return 1;
  });
  if (const auto sqlite = sqlite_library())
    usage.held = {static_cast<std::uint64_t>((*sqlite)->sqlite3_memory_used())};
  return usage;
}

/// An empty file that only we can read; SQLite's own files beside it get the same mode.
Result<> make_file(const std::filesystem::path& path) {
  const io::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly));
  if (file.valid()) return {};
  Error error = system_error("cannot open the database " + path.string(), errno);
  error.hint = "see that the data folder can be written by this user";
  return fail(std::move(error));
}

/// SQLite's own variable: unlike the environment it may be set beside other threads.
void set_temporary_folder(const SqliteLibrary& sqlite, const std::filesystem::path& folder) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  if (*sqlite.temp_directory == nullptr)
    *sqlite.temp_directory = sqlite.sqlite3_mprintf("%s", folder.c_str());
}

}  // namespace

Result<std::unique_ptr<sql::Database>> open_database(const Options& options) {
  M3U_CHECK(check_file_system(std::filesystem::absolute(options.file).parent_path()));
  memory::Reservation reserved;
  if (options.budget != nullptr) {
    M3U_TRY(reserved, options.budget->reserve(memory::Tag::kStore, options.heap));
  }
  M3U_TRY(const SqliteLibrary* const sqlite, sqlite_library());
  sqlite->sqlite3_hard_heap_limit64(static_cast<sqlite3_int64>(options.heap.count));
  if (!options.temporary.empty()) set_temporary_folder(*sqlite, options.temporary);
  M3U_CHECK(make_file(options.file));
  auto database = std::make_unique<SqliteDatabase>(options, std::move(reserved));
  M3U_CHECK(database->open());
  return database;
}

}  // namespace m3u_proxy::store::sqlite
