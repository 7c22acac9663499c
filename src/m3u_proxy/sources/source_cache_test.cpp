#include <chrono>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/sources/source_cache.hpp>

namespace m3u_proxy::sources {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class SourceCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    auto temporary = io::TempFolder::create(folder_.path());
    ASSERT_TRUE(temporary);
    temporary_ = std::move(*temporary);
    auto cache = SourceCache::open(folder_ / "cache");
    ASSERT_TRUE(cache);
    cache_ = std::move(*cache);
  }
  void store(std::string_view url, std::string_view etag, std::string_view content) {
    auto file = temporary_->create_file();
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write(content));
    ASSERT_TRUE(cache_->store(url, etag, "Mon", **file));
  }

  io::TestFolder folder_;
  std::unique_ptr<io::TempFolder> temporary_;
  std::optional<SourceCache> cache_;
};

TEST_F(SourceCacheTest, KeepsContentAndValidators) {
  store("http://a/list", "\"v1\"", "#EXTM3U\n\nbytes: 5\n");
  const auto copy = cache_->find("http://a/list");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->etag, "\"v1\"");
  EXPECT_EQ(copy->last_modified, "Mon");
  EXPECT_EQ(copy->bytes, 18U);
  EXPECT_EQ(io::drain(*copy->open()).bytes, "#EXTM3U\n\nbytes: 5\n");
  EXPECT_EQ(io::drain(*copy->open(), 3).bytes, "#EXTM3U\n\nbytes: 5\n");
  EXPECT_FALSE(cache_->find("http://a/other"));
}

TEST_F(SourceCacheTest, NoPasswordIsInNamesOrMetadata) {
  const std::string url = "http://me:secret@a/get.php?username=me&password=secret";
  store(url, "\"v1\"", "x");
  EXPECT_THAT(cache_->path_of(url).string(), Not(HasSubstr("secret")));
  std::ifstream file(cache_->path_of(url));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST_F(SourceCacheTest, TheFolderIsForItsOwnerOnly) {
  EXPECT_EQ(fs::status(folder_ / "cache").permissions(), fs::perms::owner_all);
}

TEST_F(SourceCacheTest, ACopyThatWasFoundSurvivesItsReplacement) {
  store("u", "\"v1\"", "old content");
  const auto copy = cache_->find("u");
  ASSERT_TRUE(copy);
  store("u", "\"longer tag\"", "new");
  EXPECT_EQ(io::drain(*copy->open()).bytes, "old content");
  EXPECT_EQ(io::drain(*cache_->find("u")->open()).bytes, "new");
}

TEST_F(SourceCacheTest, TheSameAgainIsConfirmedAndNotWritten) {
  const std::string content(100'000, 'x');
  store("u", "\"v1\"", content);
  const fs::path path = cache_->path_of("u");
  const auto yesterday = fs::file_time_type::clock::now() - std::chrono::hours(24);
  const auto inode = [&] {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_ino;
  };
  const auto before = inode();
  fs::last_write_time(path, yesterday);
  store("u", "\"v1\"", content);
  EXPECT_EQ(inode(), before);
  EXPECT_GT(fs::last_write_time(path), yesterday);
  std::string other = content;
  other[70'000] = 'y';
  store("u", "\"v1\"", other);
  EXPECT_EQ(io::drain(*cache_->find("u")->open()).bytes, other);
  store("u", "\"v2\"", other);
  EXPECT_EQ(cache_->find("u")->etag, "\"v2\"");
}

TEST_F(SourceCacheTest, CopiesThatNobodyConfirmedAreRemoved) {
  const auto age = [&](std::string_view url, std::chrono::hours by) {
    fs::last_write_time(cache_->path_of(url), fs::file_time_type::clock::now() - by);
  };
  for (const char* url : {"new", "old", "used"}) store(url, "\"v1\"", "x");
  age("new", std::chrono::hours(1));
  age("old", std::chrono::hours(49));
  age("used", std::chrono::hours(49));
  std::ofstream(folder_ / "cache" / "notes.txt") << "not ours";
  fs::last_write_time(folder_ / "cache" / "notes.txt",
                      fs::file_time_type::clock::now() - std::chrono::hours(49));
  const auto new_before = fs::last_write_time(cache_->path_of("new"));
  SourceCache::confirm_daily(*cache_->find("new"));
  SourceCache::confirm_daily(*cache_->find("used"));
  EXPECT_EQ(fs::last_write_time(cache_->path_of("new")), new_before);
  EXPECT_EQ(cache_->remove_older_than(std::chrono::hours(48)), 1U);
  EXPECT_TRUE(cache_->find("new"));
  EXPECT_TRUE(cache_->find("used"));
  EXPECT_FALSE(cache_->find("old"));
  EXPECT_TRUE(fs::exists(folder_ / "cache" / "notes.txt"));
}

TEST_F(SourceCacheTest, ADamagedCopyIsNone) {
  store("u", "\"v1\"", "0123456789");
  const fs::path path = cache_->path_of("u");
  fs::resize_file(path, fs::file_size(path) - 1);
  EXPECT_FALSE(cache_->find("u"));
  for (const char* text : {"", "m3u-proxy source copy 1\n", "m3u-proxy source copy 1\nbytes\n\n",
                           "something else\n\n", "m3u-proxy source copy 1\nbytes: x\n\nabc"}) {
    std::ofstream(path) << text;
    EXPECT_FALSE(cache_->find("u")) << text;
  }
}

TEST_F(SourceCacheTest, AValidatorOfSeveralLinesIsNotKept) {
  store("u", "\"a\"\nbytes: 1", "0123456789");
  const auto copy = cache_->find("u");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->etag, "");
  EXPECT_EQ(copy->bytes, 10U);
}

TEST_F(SourceCacheTest, ConfirmingMakesTheCopyYoung) {
  store("u", "\"v1\"", "x");
  fs::last_write_time(cache_->path_of("u"), fs::file_time_type::clock::from_sys(
                                                std::chrono::sys_seconds(std::chrono::seconds(5))));
  const auto old = cache_->find("u");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->confirmed, 5);
  SourceCache::confirm(*old);
  EXPECT_GT(cache_->find("u")->confirmed, 1'600'000'000);
}

TEST_F(SourceCacheTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(folder_ / "file") << "x";
  const auto cache = SourceCache::open(folder_ / "file" / "cache");
  ASSERT_FALSE(cache);
  EXPECT_THAT(cache.error().message, HasSubstr("cannot make the cache folder"));
}

}  // namespace
}  // namespace m3u_proxy::sources
