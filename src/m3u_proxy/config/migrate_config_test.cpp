#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/config/migrate_config.hpp>

namespace m3u_proxy::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<MigratedConfiguration> migrate(std::string_view text) {
  return migrate_configuration({.text = std::string(text), .file = "old.toml", .folder = {}});
}
std::string migrated(std::string_view text) {
  const auto out = migrate(text);
  if (!out) return "error: " + to_string(out.error());
  for (const ConfigProblem& problem : out->problems) return "problem: " + to_string(problem);
  return out->text;
}
std::vector<std::string> explained(std::string_view text) {
  std::vector<std::string> lines;
  const auto out = migrate(text);
  if (out)
    for (const LegacyChange& change : out->changes) lines.push_back(to_string(change));
  return lines;
}

TEST(MigrateConfig, TurnsTheOldExampleIntoTodaysKeys) {
  EXPECT_EQ(migrated(R"([proxy_memory]
strategy_preset = "aggressive"
memory_strategy.warning_strategy = "chunked_processing"
memory_strategy.exceeded_strategy = "temp_file_spill"
memory_strategy.chunk_size = 1000
)"),
            R"([proxy_memory]
cleanup_strategy = "aggressive"
batch_size = 1000

[memory_cleanup]
aggressive_cleanup = true
)");
}

TEST(MigrateConfig, ExplainsEachChange) {
  EXPECT_THAT(
      explained(R"([proxy_memory]
strategy_preset = "aggressive"
memory_strategy.warning_strategy = "chunked_processing"
memory_strategy.exceeded_strategy = "temp_file_spill"
memory_strategy.chunk_size = 1000
)"),
      ElementsAre("proxy_memory.strategy_preset became proxy_memory.cleanup_strategy = "
                  "\"aggressive\" and memory_cleanup.aggressive_cleanup = true: memory is given "
                  "back to the system after every stage",
                  "proxy_memory.memory_strategy.warning_strategy is not needed any more: channels "
                  "always go through in batches of batch_size",
                  "proxy_memory.memory_strategy.exceeded_strategy is not needed any more: data "
                  "moves to spill_dir by itself as memory gets short",
                  "proxy_memory.memory_strategy.chunk_size became proxy_memory.batch_size = 1000: "
                  "channels always go through in batches"));
}

TEST(MigrateConfig, KeepsCommentsOrderAndEverythingElse) {
  EXPECT_EQ(migrated(R"(# My lists.
[[sources]]
name = "tv"   # the good one
path = "tv.m3u"

[proxy_memory]   # little memory
max_memory_mb = 256
strategy_preset = "conservative"   # was safe
# How large.
memory_strategy.chunk_size = 500   # rows
memory_strategy.warning_strategy = "continue_with_warning"   # tell me
warning_threshold = 0.9
)"),
            R"(# My lists.
[[sources]]
name = "tv"   # the good one
path = "tv.m3u"

[proxy_memory]   # little memory
max_memory_mb = 256
cleanup_strategy = "smart"   # was safe
# How large.
batch_size = 500   # rows
# tell me
warning_threshold = 0.9
)");
}

TEST(MigrateConfig, LeavesAConfigurationOfTodayAsItIs) {
  constexpr std::string_view kText = "[proxy_memory]\nbatch_size=7 # x\n";
  EXPECT_EQ(migrated(kText), kText);
  EXPECT_THAT(explained(kText), IsEmpty());
}

TEST(MigrateConfig, MovesATableOfItsOwnIntoItsSection) {
  EXPECT_EQ(migrated(R"([proxy_memory]
max_memory_mb = 512

[proxy_memory.memory_strategy]  # old
chunk_size = 200
temp_dir = "/var/spill"
attempt_gc = false
[memory_cleanup]
detailed_logging = true
)"),
            R"([proxy_memory]
batch_size = 200
spill_dir = "/var/spill"
max_memory_mb = 512

# old
[memory_cleanup]
cleanup_between_stages = false
detailed_logging = true
)");
}

TEST(MigrateConfig, GivesALoneTableTheHeaderOfItsSection) {
  EXPECT_EQ(migrated("[proxy_memory.memory_strategy]\nchunk_size = 200\n"),
            "[proxy_memory]\nbatch_size = 200\n");
}

TEST(MigrateConfig, TakesAnInlineTableApart) {
  EXPECT_EQ(migrated("[proxy_memory]\n"
                     "memory_strategy = { chunk_size = 1_000, temp_dir = 'C:\\x', "
                     "warning_strategy = \"stop_early\" } # all\n"),
            "[proxy_memory]\nbatch_size = 1000\nspill_dir = \"C:\\\\x\" # all\n");
}

TEST(MigrateConfig, RewritesDottedKeysOfTheRoot) {
  EXPECT_EQ(migrated("proxy_memory.strategy_preset = 'conservative'\n"
                     "proxy_memory.memory_strategy.chunk_size = 5\n"),
            "proxy_memory.cleanup_strategy = \"smart\"\nproxy_memory.batch_size = 5\n");
}

TEST(MigrateConfig, KeepsTheLineEndingsAndAMissingLastOne) {
  EXPECT_EQ(migrated("[proxy_memory]\r\nmax_memory_mb = 9\r\nstrategy_preset = \"aggressive\""),
            "[proxy_memory]\r\nmax_memory_mb = 9\r\ncleanup_strategy = \"aggressive\"\r\n\r\n"
            "[memory_cleanup]\r\naggressive_cleanup = true\r\n");
}

TEST(MigrateConfig, LetsAKeyOfTodayWin) {
  constexpr std::string_view kText =
      "[proxy_memory]\nmemory_strategy.chunk_size = 5\nbatch_size = 9\n";
  EXPECT_EQ(migrated(kText), "[proxy_memory]\nbatch_size = 9\n");
  EXPECT_THAT(explained(kText),
              ElementsAre("proxy_memory.memory_strategy.chunk_size is not needed any more: "
                          "proxy_memory.batch_size is given as well and counts"));
}

TEST(MigrateConfig, JoinsAValueOfSeveralLines) {
  EXPECT_EQ(migrated("[proxy_memory]\nmemory_strategy.temp_dir = \"\"\"\n/a#\"b\"\"\"\" # c\n"
                     "batch_size = 3\n"),
            "[proxy_memory]\nspill_dir = \"/a#\\\"b\\\"\" # c\nbatch_size = 3\n");
}

TEST(MigrateConfig, SaysWhichWordAPresetCouldHaveBeen) {
  EXPECT_EQ(migrated("[proxy_memory]\nstrategy_preset = \"agressive\"\n"),
            "problem: old.toml:2:19: proxy_memory.strategy_preset is \"agressive\", expected one "
            "of: default, conservative, aggressive, temp_file_based, custom (did you mean "
            "\"aggressive\"?)");
}

TEST(MigrateConfig, NamesAnUnknownKeyOfTheOldTable) {
  EXPECT_EQ(migrated("[proxy_memory]\nmemory_strategy.chunksize = 4\n"),
            "problem: old.toml:2:17: proxy_memory.memory_strategy.chunksize is not a key (did you "
            "mean \"chunk_size\"?)");
}

TEST(MigrateConfig, SaysWhereAFormIsThatItCannotRewrite) {
  EXPECT_EQ(migrated("proxy_memory = { strategy_preset = \"aggressive\" }\n"),
            "error: old.toml:1:18: proxy_memory.strategy_preset is inside an inline table "
            "(write that table with a header, [proxy_memory], and try again)");
  EXPECT_THAT(migrated("memory_cleanup.detailed_logging = true\n[proxy_memory]\n"
                       "strategy_preset = \"aggressive\"\n"),
              HasSubstr("write them below the headers [proxy_memory] and [memory_cleanup]"));
}

TEST(MigrateConfig, NamesTheLineOfWhatIsNoToml) {
  EXPECT_THAT(migrated("[proxy_memory\n"), HasSubstr("error: old.toml:1:14"));
}

}  // namespace
}  // namespace m3u_proxy::config
