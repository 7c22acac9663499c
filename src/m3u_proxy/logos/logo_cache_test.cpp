#include <atomic>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/logos/logo_cache.hpp>

namespace m3u_proxy::logos {
namespace {

std::string picture(std::string_view what, std::size_t size = 20) {
  std::string bytes = "GIF89a" + std::string(what);
  bytes.resize(std::max(bytes.size(), size), '.');
  return bytes;
}

/// A web of pictures that counts who asks, and can hold its answers back.
class Web {
 public:
  Result<std::string> answer(const std::string& url) {
    std::unique_lock lock(mutex_);
    ++asked[url];
    most_at_once = std::max(most_at_once, ++at_once_);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held; });
    --at_once_;
    const auto found = pages.find(url);
    if (found == pages.end()) return fail(ErrorCode::kNotFound, "404");
    if (found->second.empty()) return fail(ErrorCode::kNetwork, "it does not answer");
    return found->second;
  }
  void hold() {
    const std::scoped_lock lock(mutex_);
    held = true;
  }
  void let_go() {
    const std::scoped_lock lock(mutex_);
    held = false;
    changed_.notify_all();
  }
  void wait_for(unsigned at_once) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return at_once_ >= at_once; });
  }

  std::map<std::string, std::string> pages;  // "" does not answer
  std::map<std::string, int> asked;
  unsigned most_at_once = 0;
  bool held = false;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned at_once_ = 0;
};

class LogoCacheTest : public ::testing::Test {
 protected:
  LogoCache& cache() {
    if (!cache_)
      cache_ = std::make_unique<LogoCache>(
          budget_, options_,
          [this](const std::string& url, const CancelToken&) { return web_.answer(url); },
          [this] { return now_.load(); });
    return *cache_;
  }
  std::future<Result<LogoFile>> ask(const std::string& url) {
    const auto promise = std::make_shared<std::promise<Result<LogoFile>>>();
    cache().get(url, [promise](Result<LogoFile> file) { promise->set_value(std::move(file)); });
    return promise->get_future();
  }
  Result<LogoFile> get(const std::string& url) { return ask(url).get(); }

  io::TestFolder folder_;
  memory::Budget budget_;
  LogoCache::Options options_{.folder = folder_ / "cache"};
  // Files have the system's time, from which a later start goes on.
  std::atomic<std::int64_t> now_{std::time(nullptr)};
  Web web_;
  std::unique_ptr<LogoCache> cache_;
};

TEST_F(LogoCacheTest, FetchesOnceAndKeepsOverAStart) {
  web_.pages["http://h/a"] = picture("a");
  const auto first = get("http://h/a");
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->type, "image/gif");
  EXPECT_EQ(first->bytes, 20);
  EXPECT_EQ(get("http://h/a")->etag, first->etag);
  cache_.reset();
  EXPECT_EQ(get("http://h/a")->etag, first->etag);
  EXPECT_EQ(web_.asked["http://h/a"], 1);
}

TEST_F(LogoCacheTest, WhatIsMissingIsNotAskedForAgainSoon) {
  EXPECT_EQ(get("http://h/gone").error().code, ErrorCode::kNotFound);
  web_.pages["http://h/page"] = "<html>";
  EXPECT_EQ(get("http://h/page").error().code, ErrorCode::kParse);
  EXPECT_EQ(get("http://h/gone").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(get("http://h/page").error().code, ErrorCode::kParse);
  EXPECT_EQ(web_.asked["http://h/gone"], 1);
  EXPECT_EQ(web_.asked["http://h/page"], 1);
  web_.pages["http://h/gone"] = picture("back");
  now_ += options_.missing.count();
  EXPECT_TRUE(get("http://h/gone"));
}

TEST_F(LogoCacheTest, HostThatFailsAgainAndAgainIsLeftAloneTwiceAsLongEachTime) {
  options_.failed = std::chrono::seconds(1);
  for (const char* const name : {"1", "2", "3", "4"})
    web_.pages[std::string("http://h/") + name] = "";
  web_.pages["http://other/a"] = picture("a");
  for (const char* const name : {"1", "2", "3"})
    EXPECT_EQ(get(std::string("http://h/") + name).error().code, ErrorCode::kNetwork);
  EXPECT_EQ(get("http://h/4").error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(get("http://other/a"));
  now_ += options_.first_pause.count();
  EXPECT_EQ(get("http://h/4").error().code, ErrorCode::kNetwork);
  now_ += options_.first_pause.count();
  EXPECT_EQ(get("http://h/1").error().code, ErrorCode::kUnavailable);
  now_ += options_.first_pause.count();
  web_.pages["http://h/1"] = picture("a");
  EXPECT_TRUE(get("http://h/1"));
}

TEST_F(LogoCacheTest, OneThatFailsDoesNotKeepTheOthersOfItsHost) {
  web_.pages["http://h/bad"] = "";
  for (int i = 0; i < 5; ++i) {
    const std::string url = "http://h/" + std::to_string(i);
    web_.pages[url] = picture(url);
    EXPECT_EQ(get("http://h/bad").error().code, ErrorCode::kNetwork);
    EXPECT_TRUE(get(url));
  }
  EXPECT_EQ(web_.asked["http://h/bad"], 1);
}

TEST_F(LogoCacheTest, HostIsLoggedWithoutCredentials) {
  options_.tolerated = 1;
  web_.pages["http://user:secret@h/a?password=secret"] = "";
  std::string logged;
  std::mutex mutex;
  log::set_writer([&](std::string_view line) {
    const std::scoped_lock lock(mutex);
    logged += line;
  });
  EXPECT_FALSE(get("http://user:secret@h/a?password=secret"));
  cache_.reset();
  log::set_writer({});
  EXPECT_NE(logged.find("logos of h are not fetched"), std::string::npos);
  EXPECT_EQ(logged.find("secret"), std::string::npos);
}

TEST_F(LogoCacheTest, AsksAHostForTwoAtATime) {
  web_.hold();
  std::vector<std::future<Result<LogoFile>>> answers;
  for (int i = 0; i < 6; ++i) {
    const std::string url = "http://h/" + std::to_string(i);
    web_.pages[url] = picture(url);
    answers.push_back(ask(url));
  }
  web_.wait_for(2);
  web_.let_go();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(web_.most_at_once, 2);
}

TEST_F(LogoCacheTest, NobodyWaitsLongBehindASlowServer) {
  web_.hold();
  std::vector<std::future<Result<LogoFile>>> answers;
  for (int i = 0; i < 4; ++i) {
    const std::string url = "http://h/" + std::to_string(i);
    web_.pages[url] = picture(url);
    answers.push_back(ask(url));
  }
  web_.wait_for(2);
  now_ += options_.patience.count() + 1;
  web_.let_go();
  int had = 0;
  for (auto& answer : answers) {
    const auto got = answer.get();
    if (got)
      ++had;
    else
      EXPECT_EQ(got.error().code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(had, 2);
}

TEST_F(LogoCacheTest, ManyWhoAskForOneGetOneFetch) {
  web_.hold();
  web_.pages["http://h/a"] = picture("a");
  std::vector<std::future<Result<LogoFile>>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(ask("http://h/a"));
  web_.let_go();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_EQ(web_.asked["http://h/a"], 1);
}

TEST_F(LogoCacheTest, DiskIsBoundedAndTheOneNobodyAsksForGoes) {
  options_.most_bytes = 1000;
  for (const char* const name : {"a", "b", "c"})
    web_.pages[std::string("http://h/") + name] = picture(name, 400);
  EXPECT_TRUE(get("http://h/a"));
  EXPECT_TRUE(get("http://h/b"));
  EXPECT_TRUE(get("http://h/a"));
  EXPECT_TRUE(get("http://h/c"));
  EXPECT_TRUE(get("http://h/a"));
  EXPECT_EQ(web_.asked["http://h/a"], 1);
  EXPECT_TRUE(get("http://h/b"));
  EXPECT_EQ(web_.asked["http://h/b"], 2);
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options_.folder))
    bytes += file.file_size();
  EXPECT_LE(bytes, 1000);
}

TEST_F(LogoCacheTest, OldOneIsServedAndFetchedAnew) {
  web_.pages["http://h/a"] = picture("old");
  const auto first = get("http://h/a");
  ASSERT_TRUE(first);
  web_.pages["http://h/a"] = picture("new");
  now_ += options_.fresh.count() + 1;
  EXPECT_EQ(get("http://h/a")->etag, first->etag);
  while (get("http://h/a")->etag == first->etag) std::this_thread::yield();
  cache_.reset();
  EXPECT_EQ(web_.asked["http://h/a"], 2);
}

TEST_F(LogoCacheTest, OldOneIsServedWhenItsServerIsGone) {
  web_.pages["http://h/a"] = picture("old");
  const auto first = get("http://h/a");
  ASSERT_TRUE(first);
  web_.pages["http://h/a"] = "";
  now_ += options_.fresh.count() + 1;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get("http://h/a")->etag, first->etag);
  cache_.reset();
  EXPECT_LE(web_.asked["http://h/a"], 2);
}

TEST_F(LogoCacheTest, FileThatSomebodyRemovedIsFetchedAgain) {
  web_.pages["http://h/a"] = picture("a");
  ASSERT_TRUE(get("http://h/a"));
  for (const auto& file : std::filesystem::directory_iterator(options_.folder))
    std::filesystem::remove(file);
  EXPECT_TRUE(get("http://h/a"));
  EXPECT_EQ(web_.asked["http://h/a"], 2);
}

TEST_F(LogoCacheTest, WhatIsNotOursGoesAtTheStart) {
  std::filesystem::create_directories(options_.folder / "sub");
  std::ofstream(options_.folder / "note") << "x";
  (void)cache();
  EXPECT_TRUE(std::filesystem::is_empty(options_.folder));
}

TEST_F(LogoCacheTest, WithoutMemoryNothingIsFetched) {
  web_.pages["http://h/a"] = picture("a");
  (void)cache();
  budget_.set_limit(Bytes{1000});
  EXPECT_EQ(get("http://h/a").error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(web_.asked["http://h/a"], 0);
}

TEST_F(LogoCacheTest, EndAnswersThoseWhoWait) {
  web_.hold();
  auto first = ask("http://h/1");
  auto second = ask("http://h/2");
  auto third = ask("http://h/3");
  web_.wait_for(2);
  std::thread letting_go([this] { web_.let_go(); });
  cache_.reset();
  letting_go.join();
  for (auto* const answer : {&first, &second, &third}) EXPECT_FALSE(answer->get());
}

}  // namespace
}  // namespace m3u_proxy::logos
