#include <csignal>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

namespace m3u_proxy::io {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, AppearsWholeWhenPublished) {
  const TestFolder folder;
  const fs::path target = folder / "list.m3u";
  auto file = AtomicFile::create(target);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("#EXTM3U\n"));
  ASSERT_TRUE((*file)->write("a\n"));
  EXPECT_FALSE(fs::exists(target));
  EXPECT_EQ((*file)->written(), 10U);
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(content(target), "#EXTM3U\na\n");
  file->reset();
  EXPECT_EQ(content(target), "#EXTM3U\na\n");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, LeavesTheOldFileAndNothingElseWhenNotPublished) {
  const TestFolder folder;
  put(folder / "list.m3u", "old");
  {
    auto file = AtomicFile::create(folder / "list.m3u");
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write("new"));
    ASSERT_TRUE((*file)->sync());
  }
  EXPECT_EQ(content(folder / "list.m3u"), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, CountsEveryWaitForTheDisk) {
  const TestFolder folder;
  auto file = AtomicFile::create(folder / "list.m3u");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->sync_time().count(), 0);
  ASSERT_TRUE((*file)->sync());
  const auto content_time = (*file)->sync_time();
  EXPECT_GT(content_time.count(), 0);
  ASSERT_TRUE((*file)->publish());
  EXPECT_GT((*file)->sync_time(), content_time);  // the folder
}

TEST(AtomicFile, DoesNotWaitForTheDiskForWhatMayBeLost) {
  const TestFolder folder;
  auto file = AtomicFile::create(folder / "report.json");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("{}"));
  ASSERT_TRUE((*file)->publish(AtomicFile::Durability::kNotNeeded));
  EXPECT_EQ((*file)->sync_time().count(), 0);
  EXPECT_EQ(content(folder / "report.json"), "{}");
}

TEST(AtomicFile, KeepsTheModeOfTheFileItReplaces) {
  const TestFolder folder;
  put(folder / "list.m3u", "old");
  ASSERT_EQ(::chmod((folder / "list.m3u").c_str(), 0640), 0);
  auto file = AtomicFile::create(folder / "list.m3u");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->publish());
  struct stat info{};
  ASSERT_EQ(::stat((folder / "list.m3u").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
}

TEST(AtomicFile, ReplacesWhatASymbolicLinkPointsTo) {
  const TestFolder folder;
  fs::create_directory(folder / "real");
  put(folder / "real" / "list.m3u", "old");
  fs::create_symlink(folder / "real" / "list.m3u", folder / "link.m3u");
  auto file = AtomicFile::create(folder / "link.m3u");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("new"));
  ASSERT_TRUE((*file)->publish());
  EXPECT_TRUE(fs::is_symlink(folder / "link.m3u"));
  EXPECT_EQ(content(folder / "real" / "list.m3u"), "new");
}

TEST(AtomicFile, RefusesAFolderAsTarget) {
  const TestFolder folder;
  fs::create_directory(folder / "list.m3u");
  const auto file = AtomicFile::create(folder / "list.m3u");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(file.error().message,
            "cannot write " + (folder / "list.m3u").string() + ": it is a folder");
}

TEST(AtomicFile, SaysWhichFolderIsMissing) {
  const TestFolder folder;
  const auto file = AtomicFile::create(folder / "none" / "list.m3u");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::kNotFound);
  EXPECT_NE(file.error().message.find((folder / "none").string()), std::string::npos);
}

TEST(AtomicFile, AppendsAPartOfAnotherFile) {
  const TestFolder folder;
  auto temporary = TempFolder::create(folder.path());
  ASSERT_TRUE(temporary);
  auto spool = (*temporary)->create_file();
  ASSERT_TRUE(spool);
  ASSERT_TRUE((*spool)->write("0123456789"));
  auto file = AtomicFile::create(folder / "out");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("<"));
  ASSERT_TRUE((*file)->append_from((*spool)->descriptor(), 2, 5));
  ASSERT_TRUE((*file)->write(">"));
  EXPECT_EQ((*file)->written(), 7U);
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(content(folder / "out"), "<23456>");
}

TEST(AtomicFile, ShowsAllThatIsWritten) {
  const TestFolder folder;
  auto file = AtomicFile::create(folder / "a");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("before "));
  std::string seen;
  (*file)->watch([&](std::string_view piece) { seen += piece; });
  ASSERT_TRUE((*file)->write("one "));
  put(folder / "b", "another file");
  const Descriptor other(::open((folder / "b").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE((*file)->append_from(other.get(), 8, 4));
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(seen, "one file");
  EXPECT_EQ(content(folder / "a"), "before one file");
}

TEST(AtomicFile, WritingBeginsAnewAfterClear) {
  const TestFolder folder;
  auto file = AtomicFile::create(folder / "list.m3u");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("a long first attempt"));
  ASSERT_TRUE((*file)->clear());
  EXPECT_EQ((*file)->written(), 0U);
  ASSERT_TRUE((*file)->write("second"));
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(content(folder / "list.m3u"), "second");
}

TEST(AtomicFile, AppendingMoreThanThereIsFails) {
  const TestFolder folder;
  put(folder / "short", "abc");
  const Descriptor source(::open((folder / "short").c_str(), O_RDONLY));
  auto file = AtomicFile::create(folder / "out");
  ASSERT_TRUE(file);
  const auto appended = (*file)->append_from(source.get(), 0, 10);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::kIo);
}

TEST(AtomicFile, AppendsFromWhereTheKernelCannotCopy) {
  // Files of /proc have no size that copy_file_range could go by.
  const TestFolder folder;
  const Descriptor source(::open("/proc/self/comm", O_RDONLY));
  auto file = AtomicFile::create(folder / "out");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append_from(source.get(), 0, 3));
  ASSERT_TRUE((*file)->publish());
  EXPECT_EQ(content(folder / "out").size(), 3U);
}

TEST(AtomicFile, AFullDiskIsAClearErrorAndTheOldFileStays) {
  const TestFolder folder;
  put(folder / "list.m3u", "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    auto file = AtomicFile::create(folder / "list.m3u");
    ASSERT_TRUE(file);
    const auto written = (*file)->write(std::string(8192, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    (void)std::signal(SIGXFSZ, old_handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kDiskFull);
    EXPECT_NE(written.error().message.find("list.m3u"), std::string::npos);
  }
  EXPECT_EQ(content(folder / "list.m3u"), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

}  // namespace
}  // namespace m3u_proxy::io
