#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <sys/resource.h>

#include <m3u_proxy/memory/memory_testing.hpp>
#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using sql::Access;
using sql::Connection;
using sql::Migration;

class MigrationsTest : public StoreTest {
 protected:
  /// Today's migrations and what a later program may add.
  static std::vector<Migration> with(const std::vector<Migration>& later) {
    std::vector<Migration> all(sql::migrations().begin(), sql::migrations().end());
    all.insert(all.end(), later.begin(), later.end());
    return all;
  }
  static int last() { return sql::migrations().back().version; }
  Result<std::unique_ptr<Store>> open_with(const std::vector<Migration>& migrations,
                                           const std::string& program = "2.0.0") const {
    OpenOptions options = this->options();
    options.program = program;
    options.migrations = migrations;
    return open_store(options);
  }
  Migration next(std::string_view statements) const {
    return {.version = last() + 1, .name = "later", .statements = statements};
  }
  void make_something() {
    must(store().entities().create({.kind = EntityKind::kSource, .name = "tv", .body = "secret"},
                                   at(1)));
    store_.reset();
  }
  /// Rows in almost every table.
  void fill() {
    must(store().entities().create({.kind = EntityKind::kSource,
                                    .name = "tv",
                                    .body = R"({"url":"http://h/?password=hunter2"})"},
                                   at(1)));
    const Uuid proxy =
        must(store().entities().create({.kind = EntityKind::kProxy, .name = "default"}, at(1))).id;
    must(store().edits().put({.channel = id(1), .name = "One"}, at(1)));
    must(store().jobs().enqueue({.kind = "refresh", .dedup_key = "tv"}, at(1)));
    must(store().snapshots().publish({.id = id(2), .source = source_id("tv"), .fetched = at(1)},
                                     {}));
    must(
        store().generations().publish({.proxy = proxy, .number = 1, .files = {{.name = "a"}}}, {}));
    must(store().runs().add(proxy, {.finished = 1, .stages = {{.stage = "s", .peak_mb = 1.5}}}));
    must(store().settings().put("key", "1", 0, at(1)));
    must(store().users().create({.name = "eve", .role = "admin"}, at(1)));
    must(store().audit_log().add({.at = at(1), .actor = "eve"}));
    must(store().logos().add({.id = id(3), .name = "logo"}));
    store_.reset();
  }
  [[nodiscard]] std::filesystem::path backup(int schema = last()) const {
    const bool sqlite = GetParam() == Engine::kSqlite;
    return folder_ / ((sqlite ? "m3u-proxy.sqlite.schema" : "m3u-proxy.postgresql.schema") +
                      std::to_string(schema) + (sqlite ? ".backup" : ".backup.sql"));
  }
  /// Every column and index as the database describes them.
  [[nodiscard]] std::vector<std::string> schema() const {
    if (GetParam() == Engine::kSqlite)
      return texts("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
    auto columns = texts(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' "
        "||"
        " COALESCE(collation_name, '') FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1");
    const auto indexes =
        texts("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1");
    const auto keys = texts(
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1");
    columns.insert(columns.end(), indexes.begin(), indexes.end());
    columns.insert(columns.end(), keys.begin(), keys.end());
    return columns;
  }
};
M3U_ON_BOTH_ENGINES(MigrationsTest);

TEST_P(MigrationsTest, LaterStepIsTakenAndWhatWasThereStays) {
  make_something();
  const memory::testing::CapturedLog log("info");
  const auto opened =
      open_with(with({next("ALTER TABLE logos ADD COLUMN origin {text};"
                           "CREATE TABLE shelves (id {int} PRIMARY KEY){end};")}));
  ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
  EXPECT_EQ(must((*opened)->entities().find(EntityKind::kSource, "tv")).body, "secret");
  EXPECT_THAT(texts("SELECT origin FROM logos"), IsEmpty());
  EXPECT_THAT(texts("SELECT program FROM schema_migrations ORDER BY version"),
              ElementsAre("1.2.3", "1.2.3", "2.0.0"));
  EXPECT_THAT(log.lines, ::testing::Contains(HasSubstr("later")));
}

TEST_P(MigrationsTest, StepThatFailsInTheMiddleLeavesTheSchemaBefore) {
  make_something();
  const auto before = schema();
  const auto failed =
      open_with(with({next("CREATE TABLE shelves (id {int} PRIMARY KEY){end};"
                           "INSERT INTO nowhere VALUES (1);")}));
  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().message, HasSubstr("(later) can't be made"));
  EXPECT_EQ(schema(), before);
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body, "secret");
}

TEST_P(MigrationsTest, StepsBeforeTheOneThatFailsAreKept) {
  make_something();
  const Migration good = next("CREATE TABLE shelves (id {int} PRIMARY KEY){end};");
  const Migration bad{.version = last() + 2, .name = "bad", .statements = "nonsense;"};
  ASSERT_FALSE(open_with(with({good, bad})).has_value());
  EXPECT_TRUE(open_with(with({good})).has_value());
}

TEST_P(MigrationsTest, NewerSchemaIsRefusedNamingTheProgramItNeeds) {
  make_something();
  ASSERT_TRUE(open_with(with({next("CREATE TABLE shelves (id {int} PRIMARY KEY){end};")})));
  const auto refused = open_store(options());
  ASSERT_EQ(code_of(refused), ErrorCode::kConfig);
  EXPECT_THAT(
      refused.error().message,
      HasSubstr("has schema 3, made by m3u-proxy 2.0.0; this program knows schemas up to 2"));
  EXPECT_EQ(refused.error().hint,
            "run m3u-proxy 2.0.0 or newer, or restore a backup from before the upgrade");
}

TEST_P(MigrationsTest, TwoProgramsAtOnceTakeAStepOnce) {
  make_something();
  const auto steps = with({next("CREATE TABLE shelves (id {int} PRIMARY KEY){end};")});
  {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 3; ++i)
      programs.emplace_back([&] {
        const auto opened = open_with(steps);
        EXPECT_TRUE(opened.has_value()) << to_string(opened.error());
      });
  }
  EXPECT_THAT(texts("SELECT name FROM schema_migrations ORDER BY version"),
              ElementsAre("the first tables", "where edits come from", "later"));
}

class SqliteBackupTest : public MigrationsTest {};
INSTANTIATE_TEST_SUITE_P(Engines, SqliteBackupTest, ::testing::Values(Engine::kSqlite), name_of);

TEST_P(SqliteBackupTest, BackupBeforeAStepOpensWithTheProgramBefore) {
  make_something();
  EXPECT_FALSE(std::filesystem::exists(backup()));
  ASSERT_TRUE(open_with(with({next("DROP TABLE logos;")})));
  ASSERT_TRUE(std::filesystem::exists(backup()));
  EXPECT_EQ(std::filesystem::status(backup()).permissions(), std::filesystem::perms(0600));
  std::filesystem::rename(backup(), file());
  std::filesystem::remove(file().string() + "-wal");
  std::filesystem::remove(file().string() + "-shm");
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body, "secret");
  EXPECT_THAT(must(store().logos().list()), IsEmpty());
}

class PostgresBackupTest : public MigrationsTest {
 protected:
  void run(std::string_view statement, std::initializer_list<sql::Value> values = {}) const {
    must(database()->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
      M3U_CHECK(sql::execute(connection, statement, values));
      return {};
    }));
  }
  /// And what a text has to survive.
  void fill_oddly() {
    fill();
    const std::string odd =
        "tab\tline\nreturn\rboth\r\n\\slash \\N\n\\.\n:name 'a' \"b\" größe 台 😀 " +
        std::string(1 << 17, 'x');
    run("UPDATE audit_log SET actor = $1, action = '', target = '\\N', detail = '\\.'", {odd});
    run("UPDATE channel_edits SET name = '', group_title = $1", {odd});
    run("UPDATE run_stages SET peak_mb = 0.1");
    run("INSERT INTO tokens SELECT id, 'api', '', id, id, NULL, '', 1, 2, 3 FROM users");
    run("INSERT INTO sessions SELECT id, id, 1, 2, 3, '' FROM users");
    // A number that was given once is never given again, though its row is gone.
    run("INSERT INTO audit_log (at, actor, action, target, detail) VALUES (1, '', '', '', '')");
    run("DELETE FROM audit_log WHERE id = 2");
  }
  /// All rows of all tables; a NULL is not an empty text.
  [[nodiscard]] std::vector<std::string> rows() const {
    std::vector<std::string> all;
    for (const std::string& table :
         texts("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"))
      for (const std::string& row : texts("SELECT t::text FROM " + table + " t ORDER BY 1"))
        all.push_back(table + ' ' + row);
    return all;
  }
  [[nodiscard]] bool load(const std::filesystem::path& file) const {
    return PostgresServer::instance().load(url_, file);
  }
  void move_to_an_empty_database() { url_ = PostgresServer::instance().make_database(); }

  const Migration later_ = next("ALTER TABLE logos ADD COLUMN origin {text};");
};
INSTANTIATE_TEST_SUITE_P(Engines, PostgresBackupTest, ::testing::Values(Engine::kPostgres),
                         name_of);

TEST_P(PostgresBackupTest, ProgramBeforeGoesOnWithWhatIsLoadedIntoItsTables) {
  fill_oddly();
  const auto before = rows();
  run("CREATE TABLE of_another_program (id int)");
  EXPECT_FALSE(std::filesystem::exists(backup()));
  std::ofstream(backup()) << "of a start that failed";
  ASSERT_TRUE(open_with(with({later_})));
  EXPECT_EQ(std::filesystem::status(backup()).permissions(), std::filesystem::perms(0600));
  move_to_an_empty_database();
  // A first start leaves rows in its tables, too.
  must(store().users().create({.name = "admin", .role = "admin"}, at(9)));
  store_.reset();
  ASSERT_TRUE(load(backup()));
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body,
            R"({"url":"http://h/?password=hunter2"})");
  must(store().audit_log().add({.at = at(9), .actor = "eve"}));
  EXPECT_THAT(texts("SELECT id FROM audit_log ORDER BY id"), ElementsAre("1", "3"));
}

TEST_P(PostgresBackupTest, TablesAreThoseOfTheStepsInAnOrderThatTheirKeysAccept) {
  fill_oddly();
  const auto steps =
      with({next("CREATE TABLE IF NOT EXISTS shelves (id {serial}, name {text}){end};"
                 "ALTER TABLE logos RENAME TO pictures; DROP TABLE settings;"
                 // Entities come before users otherwise.
                 "ALTER TABLE entities ADD COLUMN owner {text} REFERENCES users (id);")});
  ASSERT_TRUE(open_with(steps));
  run("UPDATE entities SET owner = (SELECT id FROM users)");
  run("INSERT INTO shelves (name) VALUES (NULL), ('')");
  const auto before = rows();
  auto more = steps;
  more.push_back({.version = last() + 2, .name = "more", .statements = "DROP TABLE shelves;"});
  ASSERT_TRUE(open_with(more));
  move_to_an_empty_database();
  ASSERT_TRUE(open_with(steps));
  ASSERT_TRUE(load(backup(last() + 1)));
  EXPECT_EQ(rows(), before);
}

TEST_P(PostgresBackupTest, TablesOfAnotherSchemaAndHalfAFileChangeNothing) {
  fill_oddly();
  ASSERT_TRUE(open_with(with({later_})));
  const auto migrated = rows();
  EXPECT_FALSE(load(backup()));
  EXPECT_EQ(rows(), migrated);
  move_to_an_empty_database();
  store();
  store_.reset();
  const auto fresh = rows();
  std::stringstream whole;
  whole << std::ifstream(backup()).rdbuf();
  const std::size_t end = whole.str().rfind("COMMIT;");
  ASSERT_NE(end, std::string::npos);
  std::filesystem::resize_file(backup(), end);
  (void)load(backup());
  EXPECT_EQ(rows(), fresh);
}

TEST_P(PostgresBackupTest, FullDiskLeavesNoFileAndTheSchemaBefore) {
  fill_oddly();
  const auto before = schema();
  rlimit unlimited{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = unlimited.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = open_with(with({later_}));
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  (void)std::signal(SIGXFSZ, old_handler);
  ASSERT_EQ(code_of(failed), ErrorCode::kDiskFull);
  EXPECT_THAT(failed.error().message, HasSubstr(backup().string()));
  EXPECT_FALSE(std::filesystem::exists(backup()));
  EXPECT_EQ(schema(), before);
  ASSERT_TRUE(open_with(with({later_})));
  EXPECT_TRUE(std::filesystem::exists(backup()));
}

TEST_P(PostgresBackupTest, OnlyTheReplicaThatMigratesWritesOne) {
  fill_oddly();
  const auto steps = with({later_});
  const std::vector<std::string> replicas = {"a", "b", "c"};
  for (const std::string& replica : replicas) {
    std::filesystem::create_directory(folder_ / replica);
    std::filesystem::copy_file(folder_ / "secret.key", folder_ / replica / "secret.key");
  }
  {
    std::vector<std::jthread> programs;
    for (const std::string& replica : replicas)
      programs.emplace_back([&] {
        OpenOptions options = this->options();
        options.data = folder_ / replica;
        options.migrations = steps;
        must(open_store(options));
      });
  }
  const auto written = std::ranges::count_if(replicas, [&](const std::string& replica) {
    return std::filesystem::exists(folder_ / replica / backup().filename());
  });
  EXPECT_EQ(written, 1);
}

TEST_P(MigrationsTest, DatabaseOfAnotherSecretKeyIsRefused) {
  make_something();
  const std::filesystem::path key = folder_ / "secret.key";
  std::filesystem::rename(key, folder_ / "away");
  const auto refused = open_store(options());
  ASSERT_EQ(code_of(refused), ErrorCode::kConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("belongs to the secret key"));
  EXPECT_THAT(refused.error().hint, HasSubstr("put back the secret.key"));
  std::filesystem::rename(folder_ / "away", key);
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body, "secret");
}

// fixtures/schema_N.{sqlite,postgres}.sql are dumps of databases as the program of a release left
// them (docs/database.md has the commands), with the key fixtures/secret.key.
TEST_P(MigrationsTest, EveryReleasedSchemaBecomesTodaysWithAllThatIsInIt) {
  store();
  store_.reset();
  const auto today = schema();
  for (int version = 1; version <= last(); ++version) {
    std::filesystem::remove_all(folder_);
    SetUp();
    const std::filesystem::path fixtures = M3U_PROXY_STORE_FIXTURES;
    std::filesystem::copy_file(fixtures / "secret.key", folder_ / "secret.key");
    std::filesystem::permissions(folder_ / "secret.key", std::filesystem::perms(0600));
    std::ifstream dump(fixtures /
                       ("schema_" + std::to_string(version) +
                        (GetParam() == Engine::kSqlite ? ".sqlite.sql" : ".postgres.sql")));
    ASSERT_TRUE(dump.good());
    std::stringstream statements;
    statements << dump.rdbuf();
    must(database()->transact(Access::kRead, [&](Connection& connection) {
      return connection.script(statements.str());
    }));
    EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "tv")).body,
              R"({"url":"http://h/?password=hunter2"})");
    EXPECT_EQ(must(store().edits().page({}, 10)).size(), 1);
    EXPECT_EQ(must(store().jobs().list({})).size(), 1);
    EXPECT_EQ(must(store().generations().current(proxy_id("default")))->files.size(), 1);
    EXPECT_EQ(must(store().runs().history(proxy_id("default"))).runs().size(), 1);
    EXPECT_EQ(must(store().users().find("eve"))->role, "admin");
    store_.reset();
    EXPECT_EQ(schema(), today);
  }
}

// Makes the databases that the fixtures are dumps of.
TEST_P(MigrationsTest, DISABLED_MakeFixture) {
  std::filesystem::copy_file(std::filesystem::path(M3U_PROXY_STORE_FIXTURES) / "secret.key",
                             folder_ / "secret.key");
  fill();
  const std::string out =
      std::string(M3U_PROXY_STORE_FIXTURES) + "/schema_" + std::to_string(last());
  const std::string dump = GetParam() == Engine::kSqlite
                               ? "sqlite3 " + file().string() + " .dump >" + out + ".sqlite.sql"
                               // What begins with a backslash is for psql.
                               : "pg_dump --inserts --no-owner --no-privileges '" + url_ +
                                     "' | grep -v '^\\\\' >" + out + ".postgres.sql";
  ASSERT_EQ(std::system(dump.c_str()), 0);  // NOLINT(cert-env33-c)
}

}  // namespace
}  // namespace m3u_proxy::store::testing
