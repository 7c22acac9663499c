#include <fstream>
#include <sstream>
#include <thread>

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
  [[nodiscard]] std::filesystem::path backup() const {
    return file().string() + ".schema" + std::to_string(last()) + ".backup";
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

TEST_P(MigrationsTest, BackupBeforeAStepOpensWithTheProgramBefore) {
  if (GetParam() != Engine::kSqlite) GTEST_SKIP() << "PostgreSQL makes its own backups";
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
  must(store().entities().create({.kind = EntityKind::kSource,
                                  .name = "tv",
                                  .body = R"({"url":"http://h/?password=hunter2"})"},
                                 at(1)));
  const Uuid proxy =
      must(store().entities().create({.kind = EntityKind::kProxy, .name = "default"}, at(1))).id;
  must(store().edits().put({.channel = id(1), .name = "One"}, at(1)));
  must(store().jobs().enqueue({.kind = "refresh", .dedup_key = "tv"}, at(1)));
  must(store().snapshots().publish({.id = id(2), .source = source_id("tv"), .fetched = at(1)}, {}));
  must(store().generations().publish({.proxy = proxy, .number = 1, .files = {{.name = "a"}}}, {}));
  must(store().runs().add(proxy, {.finished = 1, .stages = {{.stage = "s", .peak_mb = 1.5}}}));
  must(store().settings().put("key", "1", 0, at(1)));
  must(store().users().create({.name = "eve", .role = "admin"}, at(1)));
  must(store().audit_log().add({.at = at(1), .actor = "eve"}));
  must(store().logos().add({.id = id(3), .name = "logo"}));
  store_.reset();
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
