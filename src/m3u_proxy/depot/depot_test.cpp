#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/depot/shared_snapshots.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/objects/folder_store.hpp>

namespace m3u_proxy::depot {
namespace {

using snapshots::SnapshotFolder;
using ::testing::ElementsAre;

/// Two replicas with a folder each, and what they share.
class DepotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(folder_ / "shared");
    depot_.emplace(*objects::FolderStore::open(folder_ / "shared"), budget_);
    here_.emplace(*SnapshotFolder::open(folder_ / "here"));
    there_.emplace(*SnapshotFolder::open(folder_ / "there"));
  }
  void make(const SnapshotFolder& where, const std::string& name, const std::string& text) {
    const auto draft = *where.begin();
    EXPECT_TRUE((*draft->create("playlist.m3u"))->write(text));
    EXPECT_TRUE((*draft->create("guide.xml"))->write("<tv/>"));
    draft->note("inputs", "0123");
    EXPECT_TRUE(draft->commit(name));
  }
  [[nodiscard]] SharedSnapshots at_replica() {
    return {&*depot_, [this](const std::string&, std::uint64_t bytes) {
              asked_ = bytes;
              return room_;
            }};
  }
  [[nodiscard]] std::filesystem::path stored(const std::string& name) const {
    return folder_ / "shared" / kShelf / name;
  }
  void write(const std::filesystem::path& path, std::string_view text) const {
    std::ofstream(path, std::ios::binary) << text;
  }

  const Shelf kShelf = "generations/A";
  io::TestFolder folder_;
  memory::Budget budget_;
  std::optional<Depot> depot_;
  std::optional<SnapshotFolder> here_;
  std::optional<SnapshotFolder> there_;
  Result<std::shared_ptr<void>> room_ = std::shared_ptr<void>();
  std::uint64_t asked_ = 0;
};

TEST_F(DepotTest, WhatOnePutsAnotherOpens) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  const auto opened = at_replica().open(*there_, kShelf, "1");
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_EQ((*opened)->manifest(), (*here_->get("1"))->manifest());
  EXPECT_TRUE(*(*opened)->content_matches("playlist.m3u"));
  EXPECT_EQ(asked_, 13U);
  EXPECT_THAT(there_->list(), ElementsAre("1"));
}

TEST_F(DepotTest, WithoutItsManifestASnapshotIsNotThere) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  std::filesystem::remove(stored("1/manifest"));
  EXPECT_EQ(at_replica().open(*there_, kShelf, "1").error().code, ErrorCode::kNotFound);
  // And can be put again.
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  EXPECT_TRUE(at_replica().open(*there_, kShelf, "1"));
}

TEST_F(DepotTest, WhatIsDamagedThereGetsNoNameHere) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  write(stored("1/playlist.m3u"), "#EXTM3X\n");
  const auto opened = at_replica().open(*there_, kShelf, "1");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kParse);
  EXPECT_TRUE(there_->list().empty());
}

TEST_F(DepotTest, WhatIsDamagedHereIsFetchedAgain) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  write(here_->path() / "1" / "playlist.m3u", "short");
  ASSERT_TRUE(at_replica().open(*here_, kShelf, "1"));
  EXPECT_TRUE(*(*here_->get("1"))->content_matches("playlist.m3u"));
}

TEST_F(DepotTest, FilesThatAreHereAlreadyAreShared) {
  make(*here_, "1", "#EXTM3U\n");
  make(*here_, "2", "#EXTM3U\n#\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "2", nullptr));
  EXPECT_TRUE(at_replica().open(*there_, kShelf, "1"));
  EXPECT_TRUE(at_replica().open(*there_, kShelf, "2"));
  EXPECT_EQ(asked_, 10U);  // room for the playlist only
  EXPECT_TRUE(std::filesystem::equivalent(there_->path() / "1" / "guide.xml",
                                          there_->path() / "2" / "guide.xml"));
}

TEST_F(DepotTest, AnotherOneOfTheSameNameReplacesIt) {
  make(*here_, "1", "#EXTM3U\n");
  make(*there_, "1", "#EXTM3U\n#restored\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  at_replica().put_if_here(*there_, kShelf, "1");
  EXPECT_EQ(*depot_->manifest(kShelf, "1"), (*there_->get("1"))->manifest());
}

TEST_F(DepotTest, WithoutRoomNothingIsFetched) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  room_ = fail(ErrorCode::kDiskFull, "no room");
  EXPECT_EQ(at_replica().open(*there_, kShelf, "1").error().code, ErrorCode::kDiskFull);
}

TEST_F(DepotTest, OnlyWhatIsOldAndNotNamedGoes) {
  for (const std::string name : {"1", "2", "3"}) {
    make(*here_, name, name);
    EXPECT_TRUE(at_replica().put(*here_, kShelf, name, nullptr));
  }
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(24);
  for (const std::string name : {"1", "2"})
    for (const auto& file : std::filesystem::directory_iterator(stored(name)))
      std::filesystem::last_write_time(file, old);
  const std::int64_t hour_ago = std::chrono::duration_cast<std::chrono::seconds>(
                                    std::chrono::system_clock::now().time_since_epoch())
                                    .count() -
                                3600;
  EXPECT_EQ(*depot_->keep_only("generations", {{kShelf, {"2"}}}, hour_ago), 1U);
  EXPECT_FALSE(std::filesystem::exists(stored("1")));
  EXPECT_TRUE(std::filesystem::exists(stored("2/manifest")));
  EXPECT_TRUE(std::filesystem::exists(stored("3/manifest")));
}

TEST_F(DepotTest, AfterAStopNothingBegins) {
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(at_replica().put(*here_, kShelf, "1", nullptr));
  depot_->stop();
  EXPECT_EQ(at_replica().open(*there_, kShelf, "1").error().code, ErrorCode::kCancelled);
  make(*here_, "2", "#EXTM3U\n#\n");
  EXPECT_EQ(at_replica().put(*here_, kShelf, "2", nullptr).error().code, ErrorCode::kCancelled);
}

TEST_F(DepotTest, WithoutADepotThereIsOnlyTheFolder) {
  const SharedSnapshots alone(nullptr, {});
  make(*here_, "1", "#EXTM3U\n");
  EXPECT_TRUE(alone.put(*here_, kShelf, "1", nullptr));
  EXPECT_TRUE(alone.open(*here_, kShelf, "1"));
  EXPECT_EQ(alone.open(*there_, kShelf, "1").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace m3u_proxy::depot
