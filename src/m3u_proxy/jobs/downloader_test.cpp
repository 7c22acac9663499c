#include <algorithm>

#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/jobs/refresh_plan.hpp>
#include <m3u_proxy/net/provider_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using std::chrono::seconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class DownloaderTest : public JobsTest {
 protected:
  void SetUp() override {
    if (!provider_.runs()) GTEST_SKIP() << "python3 is not there";
    JobsTest::SetUp();
  }
  Result<std::string> refresh(const std::string& name) {
    return run(refresh_job(source(name), JobPriority::kPerson, {}));
  }
  void add_source(const std::string& name, const std::string& url) {
    add(store::EntityKind::kSource, name, R"({"url":")" + url + R"("})");
  }
  [[nodiscard]] std::optional<store::Time> left_alone_until(const std::string& name) {
    const auto models = model();
    return refresher_->left_alone_until(*models->find_source(name, false));
  }
  [[nodiscard]] store::Time next(const std::string& name) {
    const RefreshPlan plan(*store_, *refresher_, clock(), {.jitter = seconds(0), .refresh = "6h"});
    const auto models = model();
    return *must(plan.next(*models->find_source(name, false)));
  }

  net::ProviderProcess provider_;
};

TEST_F(DownloaderTest, ADeflatedListIsKeptInflated) {
  for (const std::string form : {"zlib", "raw", "gzipraw"}) {
    add_source(form, provider_.url("/coded/deflate/" + form + "/list.m3u"));
    EXPECT_THAT(must(refresh(form)), HasSubstr(R"("result":"new","items":3)")) << form;
  }
  add_source("half", provider_.url("/coded/deflate/half/list.m3u"));
  const auto half = refresh("half");
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().message, HasSubstr("truncated"));
}

TEST_F(DownloaderTest, AHostIsLeftAloneAsLongAsItAsks) {
  add_source("tv", provider_.url("/toomanyforever/list.m3u"));
  add_source("radio", provider_.url("/plain/list.m3u"));
  EXPECT_FALSE(refresh("tv"));
  EXPECT_EQ(left_alone_until("tv"), now() + seconds(3600));
  EXPECT_EQ(left_alone_until("radio"), now() + seconds(3600));
  EXPECT_EQ(next("tv"), now() + seconds(3600));
  const auto other = refresh("radio");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, ContainsRegex("it is not asked for another (3600|3599) s"));
  pass(seconds(3600));
  EXPECT_EQ(left_alone_until("radio"), std::nullopt);
  EXPECT_TRUE(refresh("radio"));
}

TEST_F(DownloaderTest, AHostThatHasNoSuchFileAnswers) {
  add_source("tv", provider_.url("/toomanyforever/list.m3u"));
  add_source("lost", provider_.url("/missing/list.m3u"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(refresh("tv"));
    pass(seconds(3600));
  }
  const auto lost = refresh("lost");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(left_alone_until("lost"), std::nullopt);
}

TEST_F(DownloaderTest, AnAccountIsLeftAloneAsLongAsItsServerAsks) {
  std::string server = provider_.url("/toomanyforever");
  server.erase(0, std::string_view("http://").size());
  add_source("first", "xtream://first:secret@" + server + "?live&delay_ms=0");
  add_source("vod", "xtream://first:secret@" + server + "?vod&delay_ms=0");
  add_source("second", "xtream://second:secret@" + server + "?live&delay_ms=0");
  EXPECT_FALSE(refresh("first"));
  EXPECT_EQ(left_alone_until("first"), now() + seconds(3600));
  EXPECT_EQ(left_alone_until("vod"), now() + seconds(3600));
  EXPECT_EQ(left_alone_until("second"), std::nullopt);
  EXPECT_EQ(next("first"), now() + seconds(3600));
}

TEST_F(DownloaderTest, AFileIsNobodysServer) {
  add(store::EntityKind::kSource, "tv", R"({"path":")" + file("tv.m3u").string() + R"("})");
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(refresh("tv"));
  EXPECT_EQ(left_alone_until("tv"), std::nullopt);
}

TEST_F(DownloaderTest, WhatIsLargerThanItMayBeIsRefused) {
  add_source("endless", provider_.url("/endless/list.m3u"));
  std::string list = playlist({"A"});
  list.append(2'000'000, '\n');
  write("long.m3u", list);
  add(store::EntityKind::kSource, "long", R"({"path":")" + file("long.m3u").string() + R"("})");
  refresher_->set_max_download(1'000'000);
  for (const std::string name : {"endless", "long"}) {
    const auto refused = refresh(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kIo) << name;
    EXPECT_THAT(refused.error().message, HasSubstr("it is larger than the 1.0 MB")) << name;
    EXPECT_THAT(refused.error().hint, HasSubstr("max_download_mb in [proxy_memory]")) << name;
  }
  refresher_->set_max_download(0);
  EXPECT_TRUE(refresh("long"));
}

TEST_F(DownloaderTest, SaysHowManyChannelsItHasRead) {
  std::string list = "#EXTM3U\n";
  for (int i = 0; i < 5000; ++i)  // several pieces, which end anywhere in a line
    list += fmt::format("#EXTINF:-1 tvg-id=\"{0}\",Channel {0}\nhttp://provider.example/{0}\n", i);
  write("tv.m3u", list);
  add(store::EntityKind::kSource, "tv", R"({"path":")" + file("tv.m3u").string() + R"("})");
  must(refresh("tv"));
  const auto read = std::ranges::find(progress_, std::string("read"), &JobProgress::stage);
  ASSERT_NE(read, progress_.end());
  EXPECT_GT(read->items, 0U);
  EXPECT_LT(read->items, 5000U);
  EXPECT_EQ(read->total, list.size());
  const auto last = std::ranges::find(progress_, list.size(), &JobProgress::done);
  ASSERT_NE(last, progress_.end());
  EXPECT_EQ(last->items, 5000U);
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
