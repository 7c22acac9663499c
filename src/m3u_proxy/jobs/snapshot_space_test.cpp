#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Size = SnapshotSpace::Size;

constexpr std::uint64_t kKb = 1024;

class SnapshotSpaceTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    add_home();
    generator_->configure(5, {});
  }
  void fetch(std::string_view last) {
    write("tv.m3u", playlist({"A", "B", last}));
    must(refresh());
  }
  void publish(std::string_view last) {
    fetch(last);
    must(generate());
  }
  /// Makes a generation so much larger.
  void pad(std::int64_t number, std::uint64_t bytes) {
    const auto path = must(generator_->open(proxy(), number))->path() / "padding";
    std::ofstream(path).put('x');
    std::filesystem::resize_file(path, bytes);
  }
  std::vector<std::string> on_disk() { return must(generator_->folder_of(proxy())).list(); }
};

TEST_F(SnapshotSpaceTest, TheOldestKeptGenerationsMakeRoom) {
  for (const std::string_view name : {"C", "D", "E"}) publish(name);
  for (const std::int64_t number : {1, 2, 3}) pad(number, 400 * kKb);
  space_->set_max_mb(1);
  publish("F");
  EXPECT_THAT(generations(), ElementsAre("4 current", "3 kept", "2 kept"));
  EXPECT_THAT(on_disk(), ElementsAre("2", "3", "4"));
  EXPECT_LE(space_->used(), 1024 * kKb);
  pad(4, 900 * kKb);
  publish("G");
  EXPECT_THAT(generations(), ElementsAre("5 current", "4 kept"));
}

TEST_F(SnapshotSpaceTest, WithoutALimitNothingGoes) {
  for (const std::string_view name : {"C", "D"}) publish(name);
  pad(1, std::uint64_t{1} << 40U);
  publish("E");
  EXPECT_THAT(generations(), ElementsAre("3 current", "2 kept", "1 kept"));
}

TEST_F(SnapshotSpaceTest, WhatIsServedOrWaitsForTheEndOfARollBackStays) {
  for (const std::string_view name : {"C", "D", "E"}) publish(name);
  must(store_->generations().roll_back(proxy(), 2));
  publish("F");
  fetch("G");
  pad(1, 100 * kKb);
  pad(2, 500 * kKb);
  pad(4, 500 * kKb);
  space_->set_max_mb(1);
  publish("G");
  EXPECT_THAT(generations(), ElementsAre("5 candidate", "4 candidate", "3 kept", "2 current"));
  pad(5, 100 * kKb);
  write("tv.m3u", playlist({"A", "H"}));
  const auto done = refresh();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(
      done.error().message,
      HasSubstr("no room for a new copy of \"tv\": snapshots that have to stay take 1.1 MB, "
                "0.0 MB more are needed, and max_snapshot_mb is 1"));
  EXPECT_EQ(done.error().hint, "raise max_snapshot_mb");
  // Nothing goes for what has no room all the same.
  EXPECT_THAT(generations(), ElementsAre("5 candidate", "4 candidate", "3 kept", "2 current"));
}

TEST_F(SnapshotSpaceTest, AGenerationWithoutRoomFailsAndTheServedOneStays) {
  publish("C");
  fetch("D");
  pad(1, 1024 * kKb);
  space_->set_max_mb(1);
  const auto done = generate();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(done.error().message, HasSubstr("no room for a new generation of \"home\""));
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  EXPECT_THAT(on_disk(), ElementsAre("1"));
  space_->set_max_mb(2);
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
}

TEST_F(SnapshotSpaceTest, WhatOthersAreWritingCounts) {
  space_->set_max_mb(1);
  {
    const auto first = must(space_->take("a", 600 * kKb, Size::kKnown));
    EXPECT_FALSE(space_->take("b", 600 * kKb, Size::kKnown));
  }
  EXPECT_TRUE(space_->take("b", 600 * kKb, Size::kKnown));
}

TEST_F(SnapshotSpaceTest, WhatIsOnlyExpectedIsNoErrorUntilItIsThere) {
  space_->set_max_mb(1);
  auto room = must(space_->take("a", 2048 * kKb, Size::kExpected));
  EXPECT_TRUE(room.settle(600 * kKb));
  const auto settled = room.settle(2048 * kKb);
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().code, ErrorCode::kDiskFull);
}

TEST_F(SnapshotSpaceTest, WhatSnapshotsShareCountsOnce) {
  const auto folder = file("generations") / "x";
  for (const std::string_view name : {"1", "2"}) std::filesystem::create_directories(folder / name);
  std::ofstream(folder / "1" / "guide.xml") << "1234567";
  std::filesystem::create_hard_link(folder / "1" / "guide.xml", folder / "2" / "guide.xml");
  std::ofstream(folder / "2" / "playlist.m3u") << "123";
  EXPECT_EQ(space_->used(), 10U);
  EXPECT_EQ(own_bytes(folder / "2"), 3U);
}

TEST_F(SnapshotSpaceTest, ADiskThatIsNearlyFullIsLeftAlone) {
  publish("C");
  disk_ = {.size = mib(10'240).count, .free = mib(500).count};
  write("tv.m3u", playlist({"A", "D"}));
  const auto done = refresh();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(done.error().message, HasSubstr("has no room for a new copy of \"tv\": 0.0 MB are "
                                              "needed, 500.0 MB are free, of which 512.0 MB stay"));
  EXPECT_THAT(done.error().hint, HasSubstr("free some disk space"));
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  disk_->free = mib(513).count;
  EXPECT_TRUE(refresh());
}

TEST_F(SnapshotSpaceTest, WithALimitOfItsOwnAllOfTheDiskIsUsed) {
  disk_ = {.size = mib(10'240).count, .free = mib(1).count};
  space_->set_max_mb(100);
  EXPECT_TRUE(space_->take("a", 1024 * kKb, Size::kKnown));
  EXPECT_FALSE(space_->take("a", 1025 * kKb, Size::kKnown));
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
