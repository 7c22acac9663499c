#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GeneratorTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    add_home();
  }
  void publish(std::initializer_list<std::string_view> names) {
    write("tv.m3u", playlist(names));
    must(refresh());
    must(generate());
  }
  [[nodiscard]] std::string published(std::int64_t number) {
    const auto snapshot = must(generator_->open(proxy(), number));
    std::ifstream in(snapshot->path() / snapshots::kPlaylistFile, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(GeneratorTest, WithoutAnythingFetchedThereIsNothingToMake) {
  const auto done = generate();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(done.error().message, HasSubstr("none of its sources has been fetched"));
  EXPECT_EQ(must(generator_->inputs_of(*model(), model()->proxies.front())), std::nullopt);
}

TEST_F(GeneratorTest, WhatIsMadeIsServedAndCountsWhatChanged) {
  publish({"A", "B", "C"});
  publish({"A", "C", "D", "E"});
  const auto now = must(store_->generations().current(proxy()));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->number, 2);
  EXPECT_EQ(now->channels, 4U);
  EXPECT_EQ(now->added, 2U);
  EXPECT_EQ(now->removed, 1U);
  EXPECT_THAT(published(2), HasSubstr("http://provider.example/E.ts"));
}

TEST_F(GeneratorTest, TheSameAgainIsNotPublished) {
  publish({"A", "B", "C"});
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  const auto folder = must(generator_->folder_of(proxy()));
  EXPECT_THAT(folder.list(), ElementsAre("1"));
}

TEST_F(GeneratorTest, WhatItWouldBeMadeOfAsWellIsRemembered) {
  publish({"A", "B", "C"});
  const std::string first = must(generator_->inputs_of_newest(proxy()));
  const auto now = [&] { return must(generator_->inputs_of(*model(), model()->proxies.front())); };
  EXPECT_EQ(now(), first);
  write("tv.m3u", playlist({"A", "B", "C"}) + "\n");
  must(refresh());
  EXPECT_NE(now(), first);
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  EXPECT_EQ(now(), must(generator_->inputs_of_newest(proxy())));
  publish({"A", "B", "D"});
  EXPECT_EQ(now(), must(generator_->inputs_of_newest(proxy())));
}

TEST_F(GeneratorTest, AfterARollBackTheSameAsTheNewestIsNoCandidate) {
  publish({"A", "B", "C"});
  publish({"A", "B", "D"});
  must(store_->generations().roll_back(proxy(), 1));
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("2 kept", "1 current"));
}

TEST_F(GeneratorTest, OldOnesAreForgottenWithTheirFiles) {
  publish({"A", "B", "C"});
  publish({"A", "B", "D"});
  publish({"A", "B", "E"});
  EXPECT_THAT(generations(), ElementsAre("3 current", "2 kept"));
  EXPECT_THAT(must(generator_->folder_of(proxy())).list(), ElementsAre("2", "3"));
}

TEST_F(GeneratorTest, WhatWaitsForAReleaseDoesNotPushOutWhatOneCanGoBackTo) {
  publish({"A", "B", "C"});
  publish({"A", "B", "D"});
  must(store_->generations().roll_back(proxy(), 1));
  for (const std::string_view name : {"E", "F", "G"}) publish({"A", "B", name});
  EXPECT_THAT(generations(), ElementsAre("5 candidate", "4 candidate", "2 kept", "1 current"));
  EXPECT_EQ(must(store_->generations().release(proxy())), 5);
  EXPECT_THAT(published(5), HasSubstr("G.ts"));
}

TEST_F(GeneratorTest, FewerMayBeKeptFromTheNextOneOn) {
  publish({"A", "B", "C"});
  generator_->configure(1, {});
  publish({"A", "B", "D"});
  EXPECT_THAT(generations(), ElementsAre("2 current"));
}

TEST_F(GeneratorTest, ADamagedOneIsMadeAgain) {
  publish({"A", "B", "C"});
  const auto path = must(generator_->open(proxy(), 1))->path() / snapshots::kPlaylistFile;
  std::filesystem::resize_file(path, 3);
  must(generate());
  EXPECT_EQ(must(store_->generations().current(proxy()))->number, 2);
}

TEST_F(GeneratorTest, ACopyOfASourceThatIsNotWhatWasWrittenIsFetchedAgain) {
  write("tv.m3u", playlist({"A", "B", "C"}));
  must(refresh());
  const auto row = must(store_->snapshots().current(source()));
  const auto path = must(refresher_->open(*model()->find_source("tv", false), *row))->path();
  {
    std::fstream copy(path / kContentFile, std::ios::binary | std::ios::in | std::ios::out);
    copy.seekp(20);
    copy.put('?');
  }
  // Who wrote it knows what was written.
  must(generate());
  refresher_ = std::make_unique<Refresher>(*process_, *store_, *space_, clock(),
                                           Refresher::Options{.folder = file("").parent_path()});
  generator_ = std::make_unique<Generator>(
      *process_, *store_, *space_, *refresher_, clock(),
      Generator::Options{
          .folder = file("").parent_path(),
          .placeholders = snapshots::Placeholders::of_installation(std::string(32, '0'))});
  const auto refused = generate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("not what was written"));
  EXPECT_EQ(must(store_->jobs().list({.state = store::JobState::kQueued})).size(), 1U);
  must(generate());  // as it is, rather than not at all
  must(refresh());
  must(generate());
  EXPECT_NE(must(store_->snapshots().current(source()))->id, row->id);
  EXPECT_THAT(published(2), HasSubstr("tvg-id=\"A\""));
}

TEST_F(GeneratorTest, WhatNoRowNamesIsDeleted) {
  publish({"A", "B", "C"});
  const auto folder = must(generator_->folder_of(proxy()));
  std::filesystem::copy(folder.path() / "1", folder.path() / "7",
                        std::filesystem::copy_options::recursive);
  must(generator_->delete_orphans(*model()));
  EXPECT_THAT(folder.list(), ElementsAre("1"));
}

TEST_F(GeneratorTest, ACancelledOneLeavesNothing) {
  publish({"A", "B", "C"});
  write("tv.m3u", playlist({"A", "B", "D"}));
  must(refresh());
  cancel_.cancel();
  const auto done = generate();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  EXPECT_THAT(must(generator_->folder_of(proxy())).list(), ElementsAre("1"));
}

/// Addresses of ours, which stay while those behind them change.
class RedirectGeneratorTest : public JobsTest {
 protected:
  void add_proxy(const std::string& keys) {
    add(store::EntityKind::kSource, "tv", R"({"path":")" + file("tv.m3u").string() + R"("})");
    add(store::EntityKind::kProxy, "home", R"({"sources":["tv"],)" + keys + "}");
  }
  void publish(const std::string& text) {
    write("tv.m3u", "#EXTM3U\n" + text);
    must(refresh());
    must(generate());
  }
};

TEST_F(RedirectGeneratorTest, AnotherAddressBehindTheSamePlaylistIsPublished) {
  add_proxy(R"("mode":"redirect")");
  publish("#EXTINF:-1 tvg-id=\"a\",A\nhttp://old.example/a.ts\n");
  publish("#EXTINF:-1 tvg-id=\"a\",A\nhttp://new.example/a.ts\n");
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
  EXPECT_EQ(must(store_->generations().current(proxy()))->changed, 1U);
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
}

TEST_F(RedirectGeneratorTest, WhatAnOlderVersionMadeIsMadeOnceMore) {
  add_proxy(R"("mode":"redirect")");
  const std::string text = "#EXTINF:-1 tvg-id=\"a\",A\nhttp://old.example/a.ts\n";
  publish(text);
  const auto manifest = must(generator_->open(proxy(), 1))->path() / "manifest";
  snapshots::Manifest older = must(generator_->open(proxy(), 1))->manifest();
  older.notes.erase("lineup");
  std::ofstream(manifest, std::ios::binary) << snapshots::to_text(older);
  must(generate());
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
}

TEST_F(RedirectGeneratorTest, APlaylistThatNamesNoGuideIsPublishedAgain) {
  add_proxy(R"("use_playlist_guides":true)");
  publish("#EXTINF:-1,A\nhttp://p.example/a.ts\n");
  publish("#EXTINF:-1,B\nhttp://p.example/b.ts\n");
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
}

TEST_F(RedirectGeneratorTest, AnotherLogoBehindTheSamePlaylistIsPublished) {
  add_proxy(R"("cache_logos":true)");
  publish(
      "#EXTINF:-1 tvg-id=\"a\" tvg-logo=\"http://old.example/a.png\",A\nhttp://p.example/a.ts\n");
  publish(
      "#EXTINF:-1 tvg-id=\"a\" tvg-logo=\"http://new.example/a.png\",A\nhttp://p.example/a.ts\n");
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
}

class GuideGeneratorTest : public JobsTest {
 protected:
  /// A proxy of one list and one guide, with these keys besides.
  void add_proxy(const std::string& keys) {
    add(store::EntityKind::kSource, "tv", R"({"path":")" + file("tv.m3u").string() + R"("})");
    add(store::EntityKind::kEpgSource, "epg", R"({"path":")" + file("epg.xml").string() + R"("})");
    add(store::EntityKind::kProxy, "home",
        R"({"sources":["tv"],"epg_sources":["epg"])" + keys + "}");
    refresher_->set_max_shrink(std::nullopt);
    write("tv.m3u", playlist({"A", "B"}));
    must(refresh());
  }
  Result<std::string> publish_guide(int programmes) {
    std::string text = "<tv><channel id=\"A\"/>";
    for (int i = 0; i < programmes; ++i)
      text += fmt::format("<programme start=\"20261128{:02}0000 +0000\" channel=\"A\"/>", 12 + i);
    write("epg.xml", text + "</tv>");
    const Uuid guide = model()->find_source("epg", true)->id;
    must(run(refresh_job(guide, JobPriority::kPerson, {})));
    return generate();
  }
  std::uint64_t programmes() { return must(store_->generations().current(proxy()))->programmes; }
};

TEST_F(GuideGeneratorTest, AGuideThatShrankTooMuchStaysTheOldOneWhileTheListIsPublished) {
  add_proxy(R"(,"max_shrink":"50%")");
  must(publish_guide(8));
  EXPECT_EQ(programmes(), 8U);
  write("tv.m3u", playlist({"A", "C"}));
  must(refresh());
  for (int i = 0; i < 2; ++i) {
    const std::string report = must(publish_guide(3 - i));
    EXPECT_THAT(report, HasSubstr("would shrink from 8 to"));
    EXPECT_EQ(programmes(), 8U);
  }
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
  must(publish_guide(4));
  EXPECT_EQ(programmes(), 4U);
}

TEST_F(GuideGeneratorTest, AnEqualGuideOfALaterOneTakesNoRoom) {
  add_proxy("");
  must(publish_guide(8));
  write("tv.m3u", playlist({"A", "C"}));
  must(refresh());
  must(publish_guide(8));
  EXPECT_THAT(generations(), ElementsAre("2 current", "1 kept"));
  const auto path = must(generator_->open(proxy(), 2))->path();
  for (const std::string_view name : {snapshots::kGuideFile, snapshots::kProgrammesFile})
    EXPECT_EQ(std::filesystem::hard_link_count(path / name), 2U) << name;
}

TEST_F(GuideGeneratorTest, WithoutALimitAGuideMayShrink) {
  add_proxy("");
  must(publish_guide(8));
  must(publish_guide(1));
  EXPECT_EQ(programmes(), 1U);
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
