// What happens when the database is busy, damaged, full or away, and when we die.
#include <csignal>
#include <fstream>
#include <thread>

#include <sys/wait.h>

#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using sql::Access;
using sql::Connection;

class EngineFaultsTest : public StoreTest {
 protected:
  void make(const std::string& name) {
    must(store().entities().create({.kind = EntityKind::kRule, .name = name}, at(1)));
  }
  std::vector<std::string> names() { return texts("SELECT name FROM entities ORDER BY name"); }
};
M3U_ON_BOTH_ENGINES(EngineFaultsTest);

TEST_P(EngineFaultsTest, ProcessKilledInATransactionLeavesNothingOfItAndNoLock) {
  make("before");
  store_.reset();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto database = this->database();
    (void)database->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
      M3U_CHECK(sql::execute(connection, "UPDATE entities SET name = 'half'"));
      (void)::write(pipe[1], "x", 1);
      for (;;) ::pause();
    });
    ::_exit(1);
  }
  char c = 0;
  ASSERT_EQ(::read(pipe[0], &c, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_THAT(names(), ElementsAre("before"));
  make("after");
  EXPECT_THAT(names(), ElementsAre("after", "before"));
}

TEST_P(EngineFaultsTest, WorkThatFailsOrThrowsNothingIsRolledBack) {
  make("before");
  const auto database = this->database();
  const auto failed = database->transact(Access::kWrite, [](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection, "DELETE FROM entities"));
    return fail(ErrorCode::kCancelled, "no");
  });
  EXPECT_EQ(code_of(failed), ErrorCode::kCancelled);
  EXPECT_THAT(names(), ElementsAre("before"));
}

TEST_P(EngineFaultsTest, MistakesInStatementsAreOurBugs) {
  const auto database = this->database();
  const auto failed = database->transact(Access::kRead, [](Connection& connection) -> Result<> {
    return connection.script("SELEKT 1");
  });
  EXPECT_EQ(code_of(failed), ErrorCode::kInternal);
}

TEST_P(EngineFaultsTest, FeedTellsWhatAnotherThreadChanged) {
  const auto feed = must(store().watch());
  EXPECT_TRUE(must(feed->wait(std::chrono::milliseconds(0))).none());
  std::jthread writer([&] { make("r"); });
  const Topics changed = must(feed->wait(std::chrono::seconds(20)));
  EXPECT_TRUE(changed.test(static_cast<std::size_t>(Topic::kEntities)));
  EXPECT_FALSE(changed.test(static_cast<std::size_t>(Topic::kJobs)));
  writer.join();
  feed->wake();
  EXPECT_TRUE(must(feed->wait(std::chrono::seconds(20))).none());
}

TEST_P(EngineFaultsTest, FeedIsSilentAboutWhatWasRolledBack) {
  const auto feed = must(store().watch());
  make("r");
  EXPECT_TRUE(must(feed->wait(std::chrono::seconds(20))).any());
  EXPECT_EQ(code_of(store().entities().create({.kind = EntityKind::kRule, .name = "r"}, at(2))),
            ErrorCode::kConflict);
  EXPECT_TRUE(must(feed->wait(std::chrono::milliseconds(20))).none());
}

TEST_P(EngineFaultsTest, SoundDatabasePassesItsCheck) {
  make("r");
  must(store().check());
}

TEST_P(EngineFaultsTest, CleanupDropsWhatCanBeMadeAgain) {
  make("r");
  memory::MemoryCleanable& memory = store().memory();
  EXPECT_GT(memory.memory_usage().unused.count, 0U);
  EXPECT_GT(memory.aggressive_cleanup(), 0U);
  EXPECT_EQ(memory.smart_cleanup(), 0U);
  EXPECT_EQ(must(store().entities().find(EntityKind::kRule, "r")).name, "r");
  // Used since the last look: it stays this time.
  memory.smart_cleanup();
  memory.smart_cleanup();
  EXPECT_EQ(memory.smart_cleanup(), 0U);
}

TEST_P(EngineFaultsTest, FixedShareIsReservedAsLongAsTheStoreIsOpen) {
  memory::Budget budget(mib(20));
  OpenOptions options = this->options();
  options.budget = &budget;
  {
    const auto opened = must(open_store(options));
    EXPECT_GE(budget.used(memory::Tag::kStore), mib(4));
  }
  EXPECT_EQ(budget.used(), Bytes{});
  memory::Budget small(mib(1));
  options.budget = &small;
  EXPECT_EQ(code_of(open_store(options)), ErrorCode::kOverBudget);
}

class SqliteFaultsTest : public EngineFaultsTest {};
INSTANTIATE_TEST_SUITE_P(Engines, SqliteFaultsTest, ::testing::Values(Engine::kSqlite), name_of);

TEST_P(SqliteFaultsTest, LockOfAnotherProgramIsUnavailableAndPasses) {
  make("before");
  store_.reset();
  OpenOptions options = this->options();
  options.busy_timeout = Duration(10);
  const auto impatient = must(open_store(options));
  const auto other = database();
  must(other->transact(Access::kExclusive, [&](Connection&) -> Result<> {
    const auto busy = impatient->entities().create({.kind = EntityKind::kRule, .name = "x"}, at(2));
    EXPECT_EQ(code_of(busy), ErrorCode::kUnavailable);
    EXPECT_THAT(to_string(busy.error()), HasSubstr("another program holds the database's lock"));
    // Readers do not wait for writers.
    EXPECT_EQ(must(impatient->entities().list(EntityKind::kRule)).size(), 1);
    return {};
  }));
  must(impatient->entities().create({.kind = EntityKind::kRule, .name = "x"}, at(3)));
}

TEST_P(SqliteFaultsTest, FullDatabaseIsAFullDiskAndWhatWasThereStays) {
  make("before");
  const auto database = this->database();
  const auto full = database->transact(Access::kWrite, [](Connection& connection) -> Result<> {
    M3U_CHECK(connection.script("PRAGMA max_page_count = 1"));
    M3U_CHECK(
        sql::execute(connection, "UPDATE entities SET body = $1", {std::string(1 << 20, 'x')}));
    return {};
  });
  EXPECT_EQ(code_of(full), ErrorCode::kDiskFull);
  EXPECT_THAT(texts("SELECT body FROM entities"), ElementsAre(""));
}

TEST_P(SqliteFaultsTest, StatementOverTheHeapLimitIsOverBudgetAndTheNextOneWorks) {
  make("before");
  const auto greedy = database()->transact(Access::kRead, [](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection, "SELECT length(hex(zeroblob(50000000)))"));
    return {};
  });
  EXPECT_EQ(code_of(greedy), ErrorCode::kOverBudget);
  EXPECT_THAT(names(), ElementsAre("before"));
}

TEST_P(SqliteFaultsTest, DamageIsFoundAndSaysWhatToDo) {
  for (int i = 0; i < 100; ++i) make("rule " + std::to_string(i));
  store_.reset();
  {
    std::fstream damaged(file(), std::ios::binary | std::ios::in | std::ios::out);
    for (int page = 3; page < 20; ++page) {
      damaged.seekp(page * 4096 + 16);
      damaged << "this is not what SQLite wrote here";
    }
  }
  const auto checked = database()->check();
  ASSERT_EQ(code_of(checked), ErrorCode::kIo);
  EXPECT_THAT(checked.error().hint, HasSubstr("restore a backup"));
}

TEST_P(SqliteFaultsTest, WhatIsNoDatabaseIsAnErrorThatNamesTheFile) {
  std::ofstream(file()) << std::string(8192, 'x');
  const auto opened = open_store(options());
  ASSERT_EQ(code_of(opened), ErrorCode::kIo);
  EXPECT_THAT(opened.error().message, HasSubstr(file().string()));
}

TEST_P(SqliteFaultsTest, FilesAreTheOwnersOnly) {
  make("r");
  for (const std::string end : {"", "-wal", "-shm"})
    EXPECT_EQ(std::filesystem::status(file().string() + end).permissions(),
              std::filesystem::perms(0600))
        << end;
}

TEST_P(SqliteFaultsTest, BackupIsMadeBesideTheRunningStoreAndReplacesNothing) {
  make("r");
  const std::filesystem::path copy = folder_ / "copy.sqlite";
  const auto running = database();
  const auto back_up = [&](const std::filesystem::path& target) {
    return running->transact(Access::kExclusive, [&](Connection& connection) {
      return running->back_up(connection, {}, target);
    });
  };
  must(back_up(copy));
  EXPECT_EQ(code_of(back_up(copy)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(back_up(folder_ / "no/where")), ErrorCode::kNotFound);
  std::filesystem::rename(copy, folder_ / "other.sqlite");
  const auto copied = must(sqlite::open_database({.file = folder_ / "other.sqlite"}));
  must(copied->check());
}

class PostgresFaultsTest : public EngineFaultsTest {};
INSTANTIATE_TEST_SUITE_P(Engines, PostgresFaultsTest, ::testing::Values(Engine::kPostgres),
                         name_of);

TEST_P(PostgresFaultsTest, OneOfSeveralStoresLeadsAndAnotherFollows) {
  const auto other = open();
  EXPECT_TRUE(must(store().lead()));
  EXPECT_TRUE(must(store().lead()));
  EXPECT_FALSE(must(other->lead()));
  store().resign();
  // The server needs a moment to see that a session has ended.
  for (int i = 0; i < 1000 && !must(other->lead()); ++i) ::usleep(10'000);
  EXPECT_TRUE(must(other->lead()));
}

TEST_P(PostgresFaultsTest, FeedTellsWhatAnotherProcessChanged) {
  const auto other = open();
  const auto feed = must(other->watch());
  make("r");
  EXPECT_TRUE(
      must(feed->wait(std::chrono::seconds(20))).test(static_cast<std::size_t>(Topic::kEntities)));
}

TEST_P(PostgresFaultsTest, RestartedServerIsFoundAgain) {
  PostgresServer& server = PostgresServer::instance();
  make("before");
  const auto feed = must(store().watch());
  ASSERT_TRUE(must(store().lead()));
  server.stop();
  const auto away = store().entities().list(EntityKind::kRule);
  EXPECT_EQ(code_of(away), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(store().lead()), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(feed->wait(std::chrono::milliseconds(0))), ErrorCode::kUnavailable);
  server.start();
  Result<std::vector<Entity>> back = store().entities().list(EntityKind::kRule);
  for (int i = 0; i < 1000 && !back; ++i) {
    ::usleep(10'000);
    back = store().entities().list(EntityKind::kRule);
  }
  ASSERT_TRUE(back.has_value()) << to_string(back.error());
  EXPECT_EQ(back->size(), 1);
  make("after");
  EXPECT_EQ(must(feed->wait(std::chrono::seconds(20))), all_topics());
  EXPECT_TRUE(must(store().lead()));
}

TEST_P(PostgresFaultsTest, IdleSessionsThatTheServerEndedAreNotUsed) {
  make("before");
  must(database()->transact(Access::kRead, [](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection,
                           "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()"));
    return {};
  }));
  EXPECT_EQ(must(store().entities().list(EntityKind::kRule)).size(), 1);
  make("after");
}

TEST_P(PostgresFaultsTest, SessionsAreInUtcWhateverTheServerSays) {
  must(database()->transact(Access::kRead, [](Connection& connection) -> Result<> {
    return connection.script("ALTER ROLE postgres SET timezone = 'Asia/Tokyo'");
  }));
  EXPECT_THAT(texts("SHOW timezone"), ElementsAre("UTC"));
}

TEST_P(PostgresFaultsTest, AddressIsNeverQuotedWithItsPassword) {
  const auto wrong =
      open_store({.url = "postgresql://eve:hunter2@127.0.0.1:1/db", .data = folder_});
  ASSERT_EQ(code_of(wrong), ErrorCode::kUnavailable);
  EXPECT_THAT(to_string(wrong.error()), HasSubstr("postgresql://127.0.0.1:1/db"));
  EXPECT_THAT(to_string(wrong.error()), ::testing::Not(HasSubstr("hunter2")));
  const auto broken = open_store({.url = "postgresql://eve:hunter2@[::/db", .data = folder_});
  ASSERT_EQ(code_of(broken), ErrorCode::kConfig);
  EXPECT_THAT(to_string(broken.error()), ::testing::Not(HasSubstr("hunter2")));
  EXPECT_EQ(code_of(open_store({.url = "mysql://h/d", .data = folder_})), ErrorCode::kConfig);
}

TEST_P(PostgresFaultsTest, MissingDatabaseNamesTheRemedy) {
  const auto missing =
      open_store({.url = PostgresServer::instance().url("nowhere"), .data = folder_});
  ASSERT_EQ(code_of(missing), ErrorCode::kConfig);
  EXPECT_THAT(missing.error().hint, HasSubstr("createdb"));
}

TEST_P(PostgresFaultsTest, PoolerThatSharesSessionsIsRefusedAndOneThatDoesNotIsFine) {
  if (!std::filesystem::exists("/usr/sbin/pgbouncer")) GTEST_SKIP() << "no pgbouncer";
  const PostgresServer& server = PostgresServer::instance();
  for (const std::string mode : {"transaction", "statement", "session"}) {
    const int port = PostgresServer::free_port();
    const std::filesystem::path settings = server.folder() / (mode + ".ini");
    std::ofstream(settings)
        << "[databases]\n* = host=127.0.0.1 port=" << server.port()
        << " user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
        << "\nauth_type = any\npool_mode = " << mode
        << "\nunix_socket_dir =\nignore_startup_parameters = extra_float_digits\n";
    const pid_t pooler = server.spawn("/usr/sbin/pgbouncer " + settings.string());
    ASSERT_TRUE(PostgresServer::answers(port));
    OpenOptions options = this->options();
    options.url = server.url(url_.substr(url_.rfind('/') + 1), port);
    const auto opened = open_store(options);
    if (mode == "session") {
      EXPECT_TRUE(opened.has_value()) << to_string(opened.error());
    } else {
      ASSERT_EQ(code_of(opened), ErrorCode::kConfig) << mode;
      EXPECT_THAT(opened.error().hint, HasSubstr("pool_mode = session"));
    }
    PostgresServer::end(pooler, SIGKILL);
  }
}

}  // namespace
}  // namespace m3u_proxy::store::testing
