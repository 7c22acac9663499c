#include <condition_variable>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/daemon/file_watch.hpp>
#include <m3u_proxy/io/io_testing.hpp>

namespace m3u_proxy::daemon {
namespace {

class FileWatchTest : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
  }
  void watch(const std::string& name) {
    watch_.watch("test", {folder_ / name}, [this](const std::filesystem::path& file) {
      const std::scoped_lock lock(mutex_);
      seen_.push_back(file.filename());
      changed_.notify_all();
    });
  }
  void expect_change(const std::string& name) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !seen_.empty(); }));
    EXPECT_EQ(seen_.front(), name);
    seen_.clear();
  }

  io::TestFolder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::filesystem::path> seen_;
  FileWatch watch_;
};

TEST_F(FileWatchTest, AFileThatIsWrittenOrReplacedHasChanged) {
  write("a", "1");
  watch("a");
  write("b", "nobody asks");
  write("a", "22");
  expect_change("a");
  write("c", "333");
  std::filesystem::rename(folder_ / "c", folder_ / "a");
  expect_change("a");
}

TEST_F(FileWatchTest, AFileThatComesHasChanged) {
  watch("a");
  write("a", "1");
  expect_change("a");
}

TEST_F(FileWatchTest, ASwappedLinkHasChangedItsFile) {
  std::filesystem::create_directory(folder_ / "1");
  std::filesystem::create_directory(folder_ / "2");
  write("1/a", "same");
  write("2/a", "same");
  std::filesystem::create_directory_symlink("1", folder_ / "data");
  std::filesystem::create_symlink("data/a", folder_ / "a");
  watch("a");
  std::filesystem::create_directory_symlink("2", folder_ / "next");
  std::filesystem::rename(folder_ / "next", folder_ / "data");
  expect_change("a");
  write("2/a", "other");  // where it leads to now
  expect_change("a");
}

TEST_F(FileWatchTest, ALinkInPlaceOfAFolderMayBeSwapped) {
  for (const char* release : {"1", "2"}) {
    std::filesystem::create_directory(folder_ / release);
    write(std::string(release) + "/a", "same");
  }
  std::filesystem::create_directory_symlink("1", folder_ / "current");
  watch("current/a");
  std::filesystem::create_directory_symlink("2", folder_ / "next");
  std::filesystem::rename(folder_ / "next", folder_ / "current");
  expect_change("a");
  write("2/a", "other");
  expect_change("a");
}

TEST_F(FileWatchTest, EveryLinkOnTheWayMayBeSwapped) {
  for (const char* folder : {"releases", "releases/1", "releases/2", "site"})
    std::filesystem::create_directory(folder_ / folder);
  write("releases/1/a", "same");
  write("releases/2/a", "same");
  std::filesystem::create_directory_symlink("1", folder_ / "releases/latest");
  std::filesystem::create_directory_symlink("../releases/latest", folder_ / "site/current");
  watch("site/current/a");
  std::filesystem::create_directory_symlink("2", folder_ / "releases/next");
  std::filesystem::rename(folder_ / "releases/next", folder_ / "releases/latest");
  expect_change("a");
}

TEST_F(FileWatchTest, LinksThatGoRoundInACircleAreNoFile) {
  std::filesystem::create_directory_symlink("b", folder_ / "a");
  std::filesystem::create_directory_symlink("a", folder_ / "b");
  watch("a/file");
  std::filesystem::remove(folder_ / "a");
  std::filesystem::create_directory(folder_ / "a");
  write("a/file", "1");
  expect_change("file");
}

TEST_F(FileWatchTest, AFolderMayComeLater) {
  watch("far/away/a");
  std::filesystem::create_directories(folder_ / "far");
  std::filesystem::create_directories(folder_ / "far/away");
  write("far/away/a", "1");
  expect_change("a");
  write("far/away/a", "22");
  expect_change("a");
}

TEST_F(FileWatchTest, AFolderMayBeReplaced) {
  for (const char* folder : {"data", "next"}) {
    std::filesystem::create_directory(folder_ / folder);
    write(std::string(folder) + "/a", folder);
  }
  watch("data/a");
  std::filesystem::rename(folder_ / "data", folder_ / "old");
  std::filesystem::rename(folder_ / "next", folder_ / "data");
  expect_change("a");
  write("data/a", "other");
  expect_change("a");
  std::filesystem::remove_all(folder_ / "data");
  expect_change("a");
  std::filesystem::create_directory(folder_ / "data");
  write("data/a", "again");
  expect_change("a");
  std::filesystem::remove_all(folder_ / "data");
  std::filesystem::create_directory(folder_ / "data");
  write("data/a", "at once");
  expect_change("a");
  write("data/a", "and then");
  expect_change("a");
}

}  // namespace
}  // namespace m3u_proxy::daemon
