#include <m3u_proxy/io/memory_source.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

class RefresherTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    write("tv.m3u", playlist({"A", "B", "C", "D"}));
    add_home();
  }
  /// "current 4", "quarantined 1" …, newest first.
  std::vector<std::string> snapshots() {
    std::vector<std::string> texts;
    for (const store::SourceSnapshot& row : must(store_->snapshots().list(source())))
      texts.push_back(fmt::format("{} {}", store::to_string(row.state), row.items));
    return texts;
  }
  [[nodiscard]] std::vector<std::string> on_disk() {
    return must(refresher_->folder_of(source())).list();
  }
};

TEST_F(RefresherTest, WhatCameIsKeptAsItCame) {
  EXPECT_EQ(must(refresh()), R"({"source":"tv","result":"new","items":4,"bytes":220})");
  EXPECT_THAT(snapshots(), ElementsAre("current 4"));
  const auto row = must(store_->snapshots().current(source()));
  const auto snapshot = must(must(refresher_->folder_of(source())).get(to_base64url(row->id)));
  std::ifstream in(snapshot->path() / kContentFile, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), playlist({"A", "B", "C", "D"}));
}

TEST_F(RefresherTest, WhatPrecedesTheHeaderIsNoChannel) {
  write("tv.m3u", "http://provider.example/notice\n" + playlist({"A", "B", "C", "D"}));
  must(refresh());
  EXPECT_THAT(snapshots(), ElementsAre("current 4"));
}

TEST_F(RefresherTest, ALongListOfGenresIsReadToItsEnd) {
  constexpr int kChannels = 60'000;  // more than an entry may have, 4 MB
  std::string text = "News,#genre#\n";
  for (int i = 0; i < kChannels; ++i)
    text +=
        fmt::format("Channel number {0},http://provider.example/live/user/password/{0}{0}\n", i);
  write("tv.m3u", text);
  must(refresh());
  EXPECT_THAT(snapshots(), ElementsAre(fmt::format("current {}", kChannels)));
}

TEST_F(RefresherTest, TheSameAgainWritesNothing) {
  must(refresh());
  const auto before = on_disk();
  pass(seconds(60));
  EXPECT_THAT(must(refresh()), HasSubstr("unchanged"));
  EXPECT_EQ(on_disk(), before);
  EXPECT_EQ(must(store_->snapshots().current(source()))->confirmed, now());
}

TEST_F(RefresherTest, AListThatShrankWaitsUntilItCameThreeTimes) {
  must(refresh());
  write("tv.m3u", playlist({"A"}));
  EXPECT_THAT(must(refresh()), HasSubstr("quarantined"));
  EXPECT_THAT(must(refresh()), HasSubstr("quarantined"));
  EXPECT_THAT(snapshots(), IsSupersetOf({"quarantined 1", "current 4"}));
  EXPECT_THAT(must(refresh()), HasSubstr("new"));
  EXPECT_EQ(must(store_->snapshots().current(source()))->items, 1U);
}

TEST_F(RefresherTest, TheGoodListAgainEndsTheQuarantine) {
  must(refresh());
  const auto shrink = [&] {
    write("tv.m3u", playlist({"A"}));
    return must(refresh());
  };
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(shrink(), HasSubstr("quarantined")) << i;
    write("tv.m3u", playlist({"A", "B", "C", "D"}));
    EXPECT_THAT(must(refresh()), HasSubstr("unchanged")) << i;
    EXPECT_THAT(snapshots(), Not(Contains("quarantined 1"))) << i;
  }
  const auto models = model();
  const auto accepted = refresher_->accept(*models->find_source(source()), cancel_);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, ErrorCode::kNotFound);
}

TEST_F(RefresherTest, AnAcceptedReplyTellsWhichEditedChannelsAreThere) {
  must(refresh());
  const Uuid id = channel_id(source(), "url:/A.ts\nA");
  must(store_->edits().put({.channel = id, .name = "Aa"}, now()));
  write("tv.m3u", playlist({"B", "C", "D"}));
  must(refresh());
  EXPECT_NE(must(store_->edits().find(id, {}))->missing_since, store::Time());
  write("tv.m3u", playlist({"A"}));
  EXPECT_THAT(must(refresh()), HasSubstr("quarantined"));
  const auto models = model();
  EXPECT_EQ(must(refresher_->accept(*models->find_source(source()), cancel_)), 1U);
  EXPECT_EQ(must(store_->edits().find(id, {}))->missing_since, store::Time());
}

TEST_F(RefresherTest, ASourceMissesOnlyWhatItHad) {
  must(refresh());
  const Uuid had = channel_id(source(), "url:/A.ts\nA");
  const Uuid anothers = channel_id(source_id("another"), "url:/A.ts\nA");
  for (const Uuid& id : {had, anothers})
    must(store_->edits().put({.channel = id, .name = "Aa"}, now()));
  write("tv.m3u", playlist({"B", "C", "D", "E"}));
  must(refresh());
  EXPECT_NE(must(store_->edits().find(had, {}))->missing_since, store::Time());
  EXPECT_EQ(must(store_->edits().find(anothers, {}))->missing_since, store::Time());
}

TEST_F(RefresherTest, ALastGoodCopyThatIsGoneOrDamagedIsFetchedAgain) {
  must(refresh());
  for (const bool whole : {true, false}) {
    const auto row = must(store_->snapshots().current(source()));
    const auto path = file("sources") / to_base64url(source()) / to_base64url(row->id);
    if (whole)
      std::filesystem::remove_all(path);
    else
      std::filesystem::resize_file(path / kContentFile, 10);
    const auto made = generate();
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(jobs(), Contains("refresh queued"));
    EXPECT_THAT(must(refresh()), HasSubstr("new"));
    EXPECT_TRUE(generate());
  }
}

TEST_F(RefresherTest, HowMuchAListMayLoseIsASetting) {
  must(refresh());
  write("tv.m3u", playlist({"A"}));
  refresher_->set_max_shrink(std::nullopt);
  EXPECT_THAT(must(refresh()), HasSubstr("new"));
}

TEST_F(RefresherTest, WhatCannotBeUsedChangesNothingAndIsCounted) {
  must(refresh());
  for (const std::string_view bad : {"", "<html>maintenance</html>", "#EXTM3U\n"}) {
    write("tv.m3u", bad);
    EXPECT_FALSE(refresh()) << bad;
  }
  std::filesystem::remove(file("tv.m3u"));
  EXPECT_FALSE(refresh());
  EXPECT_THAT(snapshots(), ElementsAre("current 4"));
  const auto state = must(store_->snapshots().fetch_state(source()));
  EXPECT_EQ(state->failures, 4);
  EXPECT_THAT(state->error, HasSubstr("tv"));
}

TEST_F(RefresherTest, ACancelledOneIsNoFailure) {
  cancel_.cancel();
  const auto done = refresh();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(snapshots(), IsEmpty());
  EXPECT_EQ(must(store_->snapshots().fetch_state(source())), std::nullopt);
}

TEST_F(RefresherTest, WhatSomebodyGivesIsTakenWithoutSuspicion) {
  must(refresh());
  const auto models = model();
  pass(seconds(1));
  io::MemorySource bytes(playlist({"Z"}));
  must(refresher_->upload(*models->find_source(source()), bytes, cancel_));
  EXPECT_THAT(snapshots(), ElementsAre("current 1", "superseded 4"));
  io::MemorySource nothing("<html>");
  EXPECT_FALSE(refresher_->upload(*models->find_source(source()), nothing, cancel_));
}

TEST_F(RefresherTest, WhatWasSupersededIsDeletedAfterItsGrace) {
  must(refresh());
  write("tv.m3u", playlist({"A", "B", "C", "E"}));
  pass(seconds(60));
  must(refresh());
  EXPECT_EQ(on_disk().size(), 2U);
  must(refresher_->delete_superseded(now() - seconds(1)));
  EXPECT_EQ(on_disk().size(), 2U);
  must(refresher_->delete_superseded(now() + seconds(1)));
  EXPECT_THAT(snapshots(), ElementsAre("current 4"));
  EXPECT_EQ(on_disk().size(), 1U);
}

TEST_F(RefresherTest, WhatNoRowNamesIsDeleted) {
  must(refresh());
  const auto folder = must(refresher_->folder_of(source()));
  const std::string name = folder.list().front();
  std::filesystem::copy(folder.path() / name, folder.path() / "orphan",
                        std::filesystem::copy_options::recursive);
  must(refresher_->delete_orphans(*model()));
  EXPECT_THAT(on_disk(), ElementsAre(name));
}

TEST_F(RefresherTest, WhatIsGoneFromTheStoreLeavesNoFolder) {
  must(refresh());
  const auto tv = must(store_->entities().get(source()));
  const auto home = must(store_->entities().get(proxy()));
  must(store_->entities().erase(home.id, home.revision));
  must(store_->entities().erase(tv.id, tv.revision));
  must(refresher_->delete_removed(*model()));
  EXPECT_FALSE(std::filesystem::exists(file("sources") / to_base64url(tv.id)));
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
