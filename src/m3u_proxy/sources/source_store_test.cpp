#include <array>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/net/provider_testing.hpp>
#include <m3u_proxy/sources/source_store.hpp>

namespace m3u_proxy::sources {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SourceStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto temporary = io::TempFolder::create(folder_.path());
    ASSERT_TRUE(temporary);
    temporary_ = std::move(*temporary);
    restart();
  }
  /// A new store, as the next run has one.
  void restart() {
    store_ = std::make_unique<SourceStore>(SourceStoreOptions{
        .temp_folder = [this]() -> Result<io::TempFolder*> { return temporary_.get(); },
        .cache_dir = cache_dir_,
        .fetch = {.stall_timeout = std::chrono::milliseconds(400),
                  .tries = 2,
                  .first_wait = std::chrono::milliseconds(1),
                  .on_progress = {}},
        .folders = folders_,
        .clock = [this] { return now_; },
        .validate = validate_});
  }
  Result<std::shared_ptr<const StoredSource>> get(
      const std::string& location, SourceRequest::Reads reads = SourceRequest::Reads::kOnce) {
    return store_->get(
        {.name = "tv", .location = location, .user_agent = {}, .headers = {}, .reads = reads});
  }
  static std::string content(const StoredSource& source) {
    auto opened = source.open();
    EXPECT_TRUE(opened);
    return opened ? io::drain(**opened).bytes : "";
  }
  Error error(const std::string& location) {
    auto result = get(location);
    EXPECT_FALSE(result) << location;
    return result ? Error{} : std::move(result).error();
  }

  io::TestFolder folder_;
  std::unique_ptr<io::TempFolder> temporary_;
  fs::path cache_dir_;
  std::shared_ptr<const io::FolderGuard> folders_;
  std::int64_t now_ = 0;
  std::function<Result<>(const SourceRequest&, std::unique_ptr<io::ByteSource>)> validate_;
  std::unique_ptr<SourceStore> store_;
};

/// Replaces standard input by a file or a pipe while it lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : old_(::dup(STDIN_FILENO)) {
    ::dup2(fd, STDIN_FILENO);
    ::close(fd);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() { ::dup2(old_.get(), STDIN_FILENO); }

 private:
  io::Descriptor old_;
};

/// The reading end of a pipe that holds `text`.
int pipe_with(std::string_view text) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  EXPECT_TRUE(io::write_all(ends[1], text, "pipe"));
  ::close(ends[1]);
  return ends[0];
}

TEST_F(SourceStoreTest, AFileIsReadWhereItIsAsOftenAsWanted) {
  std::ofstream(folder_ / "my list.m3u") << "#EXTM3U\n";
  const std::string path = (folder_ / "my list.m3u").string();
  const auto source = get(path);
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ((*source)->info().bytes, 8U);
  EXPECT_FALSE((*source)->info().from_cache);
  EXPECT_EQ(store_->spilled_bytes(), 0U);
}

TEST_F(SourceStoreTest, AFileUrlIsAFile) {
  std::ofstream(folder_ / "my list.m3u") << "#EXTM3U\n";
  const auto source = get("file://" + folder_.path().string() + "/my%20list.m3u");
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
}

TEST_F(SourceStoreTest, WhereAFileIsIsAskedEachTimeItIsOpened) {
  const fs::path allowed = folder_ / "allowed";
  fs::create_directory(allowed);
  std::ofstream(allowed / "tv.m3u") << "#EXTM3U\n";
  std::ofstream(folder_ / "secret.m3u") << "#EXTM3U\n# secret\n";
  folders_ = std::make_shared<const io::FolderGuard>(std::vector<fs::path>{allowed});
  restart();
  const auto source = get((allowed / "tv.m3u").string());
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  fs::remove(allowed / "tv.m3u");
  fs::create_symlink(folder_ / "secret.m3u", allowed / "tv.m3u");
  EXPECT_FALSE((*source)->open());
  for (const std::string& place :
       {(allowed / "tv.m3u").string(), (folder_ / "secret.m3u").string(),
        "file://" + (folder_ / "secret.m3u").string(), (folder_ / "none").string()}) {
    const Error e = error(place);
    EXPECT_EQ(e.code, ErrorCode::kInvalidArgument) << place;
    EXPECT_EQ(e.where.source, "tv");
    EXPECT_THAT(e.hint, HasSubstr("[service] allowed_folders"));
  }
}

TEST_F(SourceStoreTest, AMissingFileSaysWhatToCheck) {
  const Error e = error((folder_ / "none.m3u").string());
  EXPECT_EQ(e.code, ErrorCode::kNotFound);
  EXPECT_EQ(e.where.source, "tv");
  EXPECT_EQ(e.hint, "check the path");
  EXPECT_EQ(error("www.example.org/list.m3u").hint, "an address begins with http:// or https://");
}

TEST_F(SourceStoreTest, AFolderIsRefused) {
  const Error e = error(folder_.path().string());
  EXPECT_EQ(e.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(e.message, folder_.path().string() + " is a folder");
  EXPECT_EQ(e.hint, "name the file in it");
}

TEST_F(SourceStoreTest, AnUnreadableFileNamesItsPermissions) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::ofstream(folder_ / "a") << "x";
  ::chmod((folder_ / "a").c_str(), 0);
  EXPECT_EQ(error((folder_ / "a").string()).hint,
            "check the permissions of the file and of its folder");
}

TEST_F(SourceStoreTest, AnEmptyFileIsAnError) {
  std::ofstream(folder_ / "empty.m3u") << "";
  const Error e = error((folder_ / "empty.m3u").string());
  EXPECT_EQ(e.code, ErrorCode::kParse);
  EXPECT_EQ(e.message, (folder_ / "empty.m3u").string() + " is empty");
}

TEST_F(SourceStoreTest, OtherSchemesAndNothingAreRefused) {
  EXPECT_EQ(error("ftp://me:secret@a/list").message, "'ftp://***@a/list' cannot be read from");
  EXPECT_EQ(error("").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(error("file://server/a").code, ErrorCode::kInvalidArgument);
}

TEST_F(SourceStoreTest, StandardInputIsReadOnTheFlyWhenReadOnce) {
  const StandardInput input(pipe_with("#EXTM3U\n"));
  const auto source = get("-");
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ(store_->spilled_bytes(), 0U);
  const auto again = (*source)->open();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "standard input can be read only once");
}

TEST_F(SourceStoreTest, StandardInputIsKeptWhenReadAgain) {
  const StandardInput input(pipe_with("#EXTM3U\n"));
  const auto source = get("-", SourceRequest::Reads::kSeveralTimes);
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ((*source)->info().bytes, 8U);
  EXPECT_EQ(store_->spilled_bytes(), 8U);
  const auto other_proxy = get("-", SourceRequest::Reads::kSeveralTimes);
  ASSERT_TRUE(other_proxy);
  EXPECT_EQ(content(**other_proxy), "#EXTM3U\n");
}

TEST_F(SourceStoreTest, ANamedPipeIsTreatedLikeStandardInput) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "#EXTM3U\n"; });
  const auto source = get(path.string(), SourceRequest::Reads::kSeveralTimes);
  writer.join();
  ASSERT_TRUE(source);
  EXPECT_EQ(content(**source), "#EXTM3U\n");
  EXPECT_EQ(content(**source), "#EXTM3U\n");
}

class SourceStoreUrls : public SourceStoreTest {
 protected:
  void SetUp() override {
    if (!provider_.runs()) GTEST_SKIP() << "python3 is not there";
    SourceStoreTest::SetUp();
  }
  void with_cache() {
    cache_dir_ = folder_ / "cache";
    restart();
  }
  net::ProviderProcess provider_;
};

TEST_F(SourceStoreUrls, AUrlIsDownloadedOncePerRun) {
  const std::string url = provider_.url("/changing/list.m3u");
  const auto first = get(url);
  const auto second = get(url);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(content(**first), content(**second));
  EXPECT_EQ(store_->spilled_bytes(), (*first)->info().bytes);
}

TEST_F(SourceStoreUrls, AFailureIsNotTriedAgainInTheSameRun) {
  const std::string url = provider_.url("/busy/list.m3u");  // the third request would succeed
  EXPECT_EQ(error(url).code, ErrorCode::kNetwork);
  EXPECT_EQ(error(url).where.source, "tv");
}

TEST_F(SourceStoreUrls, WithoutACacheADeadProviderIsAnError) {
  const Error e = error(provider_.url("/down/list.m3u"));
  EXPECT_EQ(e.code, ErrorCode::kNetwork);
  EXPECT_EQ(e.where.source, "tv");
}

TEST_F(SourceStoreUrls, ADeadProviderIsReplacedByItsLastGoodCopyWithItsAge) {
  with_cache();
  const std::string url = provider_.url("/once/list.m3u");
  ASSERT_TRUE(get(url));
  for (const auto& entry : fs::directory_iterator(cache_dir_))
    fs::last_write_time(entry.path(), fs::file_time_type::clock::from_sys(
                                          std::chrono::sys_seconds(std::chrono::seconds(1000))));
  now_ = 4600;
  restart();
  const auto source = get(url);
  ASSERT_TRUE(source);
  const SourceInfo& info = (*source)->info();
  EXPECT_TRUE(info.from_cache);
  EXPECT_EQ(info.age_s, 3600);
  ASSERT_TRUE(info.error);
  EXPECT_THAT(info.error->message, HasSubstr("503"));
  EXPECT_THAT(content(**source), HasSubstr("Channel 3"));
  EXPECT_EQ(content(**source), content(**source));
}

TEST_F(SourceStoreUrls, ANotModifiedCopyIsCurrentAndCostsNothing) {
  with_cache();
  const std::string url = provider_.url("/etag/list.m3u");
  const auto first = get(url);
  ASSERT_TRUE(first);
  EXPECT_FALSE((*first)->info().not_modified);
  restart();
  const auto second = get(url);
  ASSERT_TRUE(second);
  EXPECT_TRUE((*second)->info().not_modified);
  EXPECT_FALSE((*second)->info().from_cache);
  EXPECT_FALSE((*second)->info().error);
  EXPECT_EQ(content(**second), content(**first));
  EXPECT_EQ(store_->spilled_bytes(), 0U);
}

TEST_F(SourceStoreUrls, ANewVersionReplacesTheCopy) {
  with_cache();
  const std::string url = provider_.url("/changing/list.m3u");
  ASSERT_TRUE(get(url));
  restart();
  const auto second = get(url);
  ASSERT_TRUE(second);
  EXPECT_THAT(content(**second), HasSubstr("Channel 2"));
  EXPECT_FALSE((*second)->info().from_cache);
}

TEST_F(SourceStoreUrls, APartialDownloadIsUsedOnlyWithoutAGoodCopy) {
  with_cache();
  const auto partial = get(provider_.url("/truncated/list.m3u"));
  ASSERT_TRUE(partial);
  EXPECT_TRUE((*partial)->info().partial);
  EXPECT_TRUE((*partial)->info().error);
  EXPECT_TRUE(fs::is_empty(cache_dir_));
}

TEST_F(SourceStoreUrls, WhatDoesNotValidateNeverReplacesAGoodCopy) {
  validate_ = [](const SourceRequest&, std::unique_ptr<io::ByteSource> source) -> Result<> {
    if (io::drain(*source).bytes.starts_with("#EXTM3U")) return {};
    return fail(ErrorCode::kParse, "this is an HTML page");
  };
  with_cache();
  const std::string url = provider_.url("/htmllater/list.m3u");
  ASSERT_TRUE(get(url));
  for (int run = 0; run < 2; ++run) {
    restart();
    const auto source = get(url);
    ASSERT_TRUE(source);
    EXPECT_TRUE((*source)->info().from_cache);
    EXPECT_EQ((*source)->info().error->message, "this is an HTML page");
    EXPECT_THAT(content(**source), HasSubstr("Channel 3"));
  }
  EXPECT_EQ(error(provider_.url("/html/list.m3u")).message, "this is an HTML page");
}

TEST_F(SourceStoreUrls, AWebPageNeverReplacesAGoodCopy) {
  with_cache();
  const std::string url = provider_.url("/htmllater/list.m3u");
  ASSERT_TRUE(get(url));
  for (int run = 0; run < 2; ++run) {
    restart();
    const auto source = get(url);
    ASSERT_TRUE(source);
    EXPECT_TRUE((*source)->info().from_cache);
    EXPECT_THAT((*source)->info().error->message, HasSubstr("gives a web page instead"));
    EXPECT_THAT(content(**source), HasSubstr("Channel 3"));
  }
}

TEST_F(SourceStoreUrls, AWebPageWithoutAGoodCopyIsLeftToTheReaderAndNotKept) {
  with_cache();
  const auto source = get(provider_.url("/html/list.m3u"));
  ASSERT_TRUE(source);
  EXPECT_THAT(content(**source), HasSubstr("Your subscription has expired"));
  EXPECT_TRUE(fs::is_empty(cache_dir_));
}

TEST_F(SourceStoreUrls, AnEmptyAnswerIsAFailure) {
  const Error e = error(provider_.url("/empty/list.m3u"));
  EXPECT_EQ(e.code, ErrorCode::kParse);
  EXPECT_THAT(e.message, HasSubstr("is empty"));
}

TEST_F(SourceStoreUrls, ACacheThatCannotBeWrittenDoesNotStopTheRun) {
  std::ofstream(folder_ / "file") << "x";
  cache_dir_ = folder_ / "file" / "cache";
  restart();
  EXPECT_TRUE(get(provider_.url("/plain/list.m3u")));
}

TEST_F(SourceStoreUrls, SeveralThreadsGetTheSameDownload) {
  const std::string url = provider_.url("/changing/list.m3u");
  std::array<std::string, 4> texts;
  {
    std::vector<std::jthread> threads;
    threads.reserve(texts.size());
    for (std::string& text : texts)
      threads.emplace_back([&] {
        const auto source = get(url);
        if (source) text = content(**source);
      });
  }
  for (const std::string& text : texts) EXPECT_THAT(text, HasSubstr("Channel 1"));
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_EQ(texts[0], texts[2]);
  EXPECT_EQ(texts[0], texts[3]);
}

TEST_F(SourceStoreTest, ADeflatedBodyIsStoredInflated) {
  const net::ProviderProcess provider;
  if (!provider.runs()) GTEST_SKIP() << "python3 is not there";
  const auto plain = get(provider.url("/plain/list.m3u"));
  ASSERT_TRUE(plain);
  const std::string list = content(**plain);
  for (const char* how : {"zlib", "raw", "gzipraw", "plain"}) {
    const auto got = get(provider.url(std::string("/coded/deflate/") + how + "/list.m3u"));
    ASSERT_TRUE(got) << how;
    EXPECT_EQ(content(**got), list) << how;
    EXPECT_EQ((*got)->info().bytes, list.size());
    EXPECT_FALSE((*got)->info().partial);
  }
  const auto half = get(provider.url("/coded/deflate/half/list.m3u"));
  ASSERT_TRUE(half);
  EXPECT_TRUE(list.starts_with(content(**half)));
  EXPECT_TRUE((*half)->info().partial);
}

}  // namespace
}  // namespace m3u_proxy::sources
