#include <csignal>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/spill_block.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::spill {
namespace {

namespace fs = std::filesystem;

SpillSpace::Options in(const io::TestFolder& folder, Bytes max = {}) {
  return {.folder = folder.path(), .max = max, .tmpfs = io::TempFolder::Tmpfs::kAllow};
}

TEST(SpillSpace, MakesItsFolderOnFirstUseAndRemovesIt) {
  const io::TestFolder parent;
  {
    SpillSpace space(in(parent));
    EXPECT_TRUE(fs::is_empty(parent.path()));
    const auto file = space.create_file();
    ASSERT_TRUE(file);
    EXPECT_FALSE(fs::is_empty(parent.path()));
  }
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

TEST(SpillSpace, AccountsWhatItsFilesHold) {
  const io::TestFolder parent;
  SpillSpace space(in(parent));
  {
    const auto first = space.create_file().value();
    const auto second = space.folder().value()->create_file().value();
    ASSERT_TRUE(first->write(std::string(1000, 'a')));
    ASSERT_TRUE(second->write(std::string(500, 'b')));
    EXPECT_EQ(space.stats().live, 1500U);
    ASSERT_TRUE(first->clear());
    EXPECT_EQ(space.stats().live, 500U);
    ASSERT_TRUE(first->write("ab"));
  }
  EXPECT_EQ(space.stats().live, 0U);
  EXPECT_EQ(space.stats().peak, 1500U);
  EXPECT_EQ(space.stats().total, 1502U);
  EXPECT_EQ(space.stats().files, 2U);
}

TEST(SpillSpace, RefusesBeyondItsLimitAndNamesTheKey) {
  const io::TestFolder parent;
  SpillSpace space(in(parent, mib(1)));
  const auto file = space.create_file().value();
  ASSERT_TRUE(file->write(std::string(mib(1).count, 'a')));
  const auto refused = file->write("b");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(refused.error().message, "no room for temporary data in " + parent.path().string() +
                                         ": 1.0 MB are there, and 0.0 MB more would pass "
                                         "max_spill_mb (1.0 MB)");
  EXPECT_EQ(refused.error().hint, "raise max_spill_mb");
  EXPECT_EQ(file->size(), mib(1).count);
  ASSERT_TRUE(file->clear());
  EXPECT_TRUE(file->write("b"));
}

TEST(SpillSpace, RefusesTmpfsUnlessAllowed) {
  if (!fs::exists("/dev/shm")) GTEST_SKIP() << "no tmpfs at /dev/shm";
  SpillSpace space({.folder = "/dev/shm"});
  const auto refused = space.create_file();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

/// A file system in memory of `size` bytes; none where the test may not mount.
class SmallDisk {
 public:
  explicit SmallDisk(Bytes size)
      : mounted_(::mount("none", folder_.path().c_str(), "tmpfs", 0,
                         ("size=" + std::to_string(size.count)).c_str()) == 0) {}
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount(folder_.path().c_str());
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const io::TestFolder& folder() const { return folder_; }

 private:
  io::TestFolder folder_;
  bool mounted_;
};

TEST(SpillSpace, ALargeDiskNeedNotKeepMoreThanAGigabyte) {
  EXPECT_EQ(kept_free(mib(40)).count, mib(2).count);
  EXPECT_EQ(kept_free(mib(20 * 1024)).count, mib(1024).count);
  EXPECT_EQ(kept_free(mib(4 * 1024 * 1024)).count, mib(1024).count);
}

TEST(SpillSpace, WithoutALimitFivePercentOfTheDiskStayFree) {
  const SmallDisk disk(mib(40));
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system";
  SpillSpace space(in(disk.folder()));
  const auto file = space.create_file().value();
  const std::string piece(mib(1).count, 'x');
  Result<> written;
  std::size_t pieces = 0;
  while ((written = file->write(piece))) ++pieces;
  EXPECT_EQ(pieces, 38U);
  EXPECT_EQ(written.error().code, ErrorCode::kDiskFull);
  EXPECT_TRUE(written.error().message.ends_with(
      "1.0 MB more would leave the disk too little free (5 % of it, at most 1 GB)"))
      << written.error().message;
  EXPECT_EQ(written.error().hint,
            "free some disk space, or name a folder on another disk with spill_dir (--spill-dir)");
}

TEST(SpillSpace, AFullDiskIsTheSameKindOfErrorAndKeepsWhatWasWritten) {
  const SmallDisk disk(mib(4));
  if (!disk.mounted()) GTEST_SKIP() << "may not mount a file system";
  SpillSpace space(in(disk.folder(), mib(100)));
  const auto file = space.create_file().value();
  ASSERT_TRUE(file->write(std::string(mib(3).count, 'a')));
  // Somebody else fills the disk after it was looked at.
  std::ofstream(disk.folder() / "other") << std::string(kib(768).count, 'o');
  const auto refused = file->write(std::string(kib(512).count, 'b'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(file->size(), mib(3).count);
  fs::remove(disk.folder() / "other");
  ASSERT_TRUE(file->write(std::string(kib(512).count, 'c')));
  std::string back(1, '\0');
  ASSERT_EQ(file->read_at(mib(3).count, back), 1U);
  EXPECT_EQ(back, "c");
}

TEST(SpillSpace, AFileSizeLimitIsTheSameKindOfError) {
  const io::TestFolder parent;
  const pid_t child = ::fork();  // the limit is the process's for good
  if (child == 0) {
    (void)::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    SpillSpace space(in(parent));
    const auto file = space.create_file().value();
    const bool fits = file->write(std::string(60'000, 'a')).has_value();
    const auto refused = file->write(std::string(60'000, 'b'));
    const bool full = !refused && refused.error().code == ErrorCode::kDiskFull;
    ::_exit(fits && full && file->size() == 60'000 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(SpillBlock, GivesBackWhatWasWritten) {
  const io::TestFolder parent;
  SpillSpace space(in(parent));
  const auto file = space.create_file().value();
  EXPECT_EQ(append_spill_block(*file, "first"), 0U);
  EXPECT_EQ(append_spill_block(*file, "second", 7), 21U);
  std::string block(kSpillHeader + 6, '\0');
  const auto bytes = read_spill_block(*file, 21, block);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "second");
}

TEST(SpillBlock, AChangedByteAnywhereIsFound) {
  const io::TestFolder parent;
  SpillSpace space(in(parent));
  const auto file = space.create_file().value();
  ASSERT_TRUE(append_spill_block(*file, "some bytes", 3));
  for (std::size_t at = 0; at < file->size(); ++at) {
    std::string byte(1, '\0');
    ASSERT_EQ(file->read_at(at, byte), 1U);
    byte[0] ^= 1;
    ASSERT_EQ(::pwrite(file->descriptor(), byte.data(), 1, static_cast<off_t>(at)), 1);
    std::string block(file->size(), '\0');
    const auto read = read_spill_block(*file, 0, block);
    ASSERT_FALSE(read) << at;
    EXPECT_EQ(read.error().code, ErrorCode::kIo);
    EXPECT_EQ(read.error().message,
              "temporary data is damaged at byte 0: the checksum does not fit");
    byte[0] ^= 1;
    ASSERT_EQ(::pwrite(file->descriptor(), byte.data(), 1, static_cast<off_t>(at)), 1);
  }
}

TEST(SpillBlock, ATruncatedFileIsFound) {
  const io::TestFolder parent;
  SpillSpace space(in(parent));
  const auto file = space.create_file().value();
  ASSERT_TRUE(append_spill_block(*file, "some bytes"));
  ASSERT_EQ(::ftruncate(file->descriptor(), 20), 0);
  std::string block(kSpillHeader + 10, '\0');
  const auto read = read_spill_block(*file, 0, block);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message,
            "temporary data is damaged at byte 0: the file is shorter than what was written");
}

}  // namespace
}  // namespace m3u_proxy::spill
