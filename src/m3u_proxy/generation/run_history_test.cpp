#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/generation/run_history.hpp>

namespace m3u_proxy::generation {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RunHistoryFile : public ::testing::Test {
 public:
  RunHistoryFile(const RunHistoryFile&) = delete;
  RunHistoryFile& operator=(const RunHistoryFile&) = delete;

 protected:
  RunHistoryFile() {
    std::string name = ::testing::TempDir() + "m3u_proxy_history_XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder / ".home.history.json";
    log::set_writer([this](std::string_view line) { lines.emplace_back(line); });
  }
  ~RunHistoryFile() override {
    log::set_writer({});
    std::filesystem::remove_all(folder);
  }
  void put(const std::filesystem::path& file, std::string_view content) const {
    std::ofstream(file, std::ios::binary) << content;
  }

  memory::RunHistory read() { return HistoryFiles(folder).read("home"); }
  Result<> write(const memory::RunHistory& history) {
    return HistoryFiles(folder).write("home", history);
  }

  std::filesystem::path folder;
  std::filesystem::path path;
  std::vector<std::string> lines;
};

memory::RunRecord record() {
  return {.finished = 1'700'000'000,
          .size = {.source_bytes = 8'000'000, .guide_bytes = 100'000'000},
          .channels = 39'161,
          .limit_mb = 64,
          .fixed_mb = 11.5,
          .peak_mb = 48.25,
          .storage = memory::StorageLevel::kCompressed,
          .stages = {{.stage = "Source Loading", .peak_mb = 40.5},
                     {.stage = "EPG Generation", .peak_mb = 48.25, .of_guide = true}}};
}

TEST_F(RunHistoryFile, IsHiddenAndNamedAfterTheProxy) {
  EXPECT_EQ(HistoryFiles("out").path_of("home").string(), "out/.home.history.json");
}

TEST_F(RunHistoryFile, ReadsBackWhatWasWritten) {
  memory::RunHistory history;
  history.add(record());
  ASSERT_TRUE(write(history));
  const memory::RunHistory again = read();
  ASSERT_THAT(again.runs(), SizeIs(1));
  const memory::RunRecord& run = again.runs()[0];
  EXPECT_EQ(run.finished, 1'700'000'000);
  EXPECT_EQ(run.size.source_bytes, 8'000'000U);
  EXPECT_EQ(run.size.guide_bytes, 100'000'000U);
  EXPECT_EQ(run.channels, 39'161U);
  EXPECT_EQ(run.limit_mb, 64);
  EXPECT_EQ(run.fixed_mb, 11.5);
  EXPECT_EQ(run.peak_mb, 48.25);
  EXPECT_EQ(run.storage, memory::StorageLevel::kCompressed);
  ASSERT_THAT(run.stages, SizeIs(2));
  EXPECT_EQ(run.stages[0].stage, "Source Loading");
  EXPECT_FALSE(run.stages[0].of_guide);
  EXPECT_TRUE(run.stages[1].of_guide);
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(RunHistoryFile, LeavesNothingBesideIt) {
  ASSERT_TRUE(write({}));
  ASSERT_TRUE(write({}));
  const std::filesystem::directory_iterator files(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(RunHistoryFile, MissingFileIsAnEmptyHistory) {
  EXPECT_THAT(read().runs(), IsEmpty());
  EXPECT_THAT(lines, IsEmpty());
}

TEST_F(RunHistoryFile, DamagedFileIsStartedAnewWithAWarning) {
  memory::RunHistory history;
  history.add(record());
  const std::string good = to_json(history);
  const std::string damaged[] = {
      "",
      "{",
      "[]",
      "null",
      good.substr(0, good.size() / 2),
      R"({"version": 2, "runs": []})",
      R"({"version": 1, "runs": {"a": 1}})",
      R"({"version": 1, "runs": [{"finished": "yesterday"}]})",
      std::string(2U << 20U, ' '),
      std::string(100'000, '['),
      std::string("\xff\xfe\0", 3),
  };
  for (const std::string& text : damaged) {
    lines.clear();
    put(path, text);
    EXPECT_THAT(read().runs(), IsEmpty()) << text.substr(0, 80);
    ASSERT_THAT(lines, SizeIs(1)) << text.substr(0, 80);
    EXPECT_THAT(lines[0], HasSubstr(".home.history.json is damaged and is started anew: "));
  }
  ASSERT_TRUE(write(history));
  EXPECT_THAT(read().runs(), SizeIs(1));
}

TEST_F(RunHistoryFile, ImpossibleFiguresAreDamage) {
  memory::RunHistory history;
  history.add(record());
  std::string text = to_json(history);
  const std::size_t at = text.find("48.25");
  for (const char* figure : {"-1.00", "1e300"}) {
    text.replace(at, 5, figure);
    EXPECT_FALSE(parse_history(text)) << figure;
  }
}

TEST_F(RunHistoryFile, UnwritableFolderIsAnErrorWithItsPath) {
  const auto written = HistoryFiles(folder / "missing").write("home", {});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("missing/.home.history.json"));
}

TEST_F(RunHistoryFile, RecordTakesTheFurthestStorageOfAChannelStage) {
  GenerationStats stats;
  stats.channels = 5;
  stats.peak_memory_usage_mb = 30;
  stats.memory.fixed_mb = 10;
  stats.stages = {{.name = "Filtering", .strategy = "compressed", .peak_memory_mb = 20},
                  {.name = "M3U Generation", .strategy = "standard", .peak_memory_mb = 25},
                  {.name = "EPG Generation", .strategy = "spill", .peak_memory_mb = 30}};
  const memory::RunRecord run = record_of_run(stats, {.source_bytes = 9}, 77, {});
  EXPECT_EQ(run.storage, memory::StorageLevel::kCompressed);
  EXPECT_EQ(run.channels, 5U);
  EXPECT_EQ(run.peak_mb, 30);
  EXPECT_EQ(run.fixed_mb, 10);
  EXPECT_EQ(run.finished, 77);
  ASSERT_THAT(run.stages, SizeIs(3));
  EXPECT_TRUE(run.stages[2].of_guide);
}

TEST_F(RunHistoryFile, GuideThatWasNotPublishedLeavesTheSizeOfTheLastOne) {
  memory::RunHistory history;
  EXPECT_EQ(last_guide_programmes(history), std::nullopt);
  generation::GenerationStats stats;
  history.add(record_of_run(stats, {}, 1, history));
  EXPECT_EQ(last_guide_programmes(history), std::nullopt);
  stats.guide_written = true;
  stats.programmes = 40;
  history.add(record_of_run(stats, {}, 2, history));
  stats.guide_written = false;
  stats.programmes = 3;
  history.add(record_of_run(stats, {}, 3, history));
  EXPECT_EQ(last_guide_programmes(history), 40U);
  const auto again = parse_history(to_json(history));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(last_guide_programmes(*again), 40U);
}

}  // namespace
}  // namespace m3u_proxy::generation
