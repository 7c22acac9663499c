#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/io/temporary_name.hpp>

namespace m3u_proxy::io {
namespace {

namespace fs = std::filesystem;

/// The id of a process that has ended.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

std::string name_of(std::string_view kind, std::int64_t pid, std::uint64_t start) {
  return ".m3u-proxy-" + std::string(kind) + "-" + std::to_string(pid) + "-" +
         std::to_string(start) + "-0";
}

TEST(TempFolder, IsGoneWithEverythingInItAtTheEnd) {
  const TestFolder parent;
  {
    auto folder = TempFolder::create(parent.path());
    ASSERT_TRUE(folder);
    EXPECT_TRUE(fs::is_directory((*folder)->path()));
    EXPECT_EQ((*folder)->path().parent_path(), parent.path());
    std::ofstream((*folder)->path() / "left") << "x";
  }
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

TEST(TempFolder, FilesHaveNoName) {
  const TestFolder parent;
  auto folder = TempFolder::create(parent.path());
  ASSERT_TRUE(folder);
  auto file = (*folder)->create_file();
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("data"));
  EXPECT_TRUE(fs::is_empty((*folder)->path()));
}

TEST(TempFile, ReadsBackWhatWasAppendedAtAnyOffset) {
  const TestFolder parent;
  auto folder = TempFolder::create(parent.path());
  ASSERT_TRUE(folder);
  auto file = (*folder)->create_file();
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write("hello "));
  ASSERT_TRUE((*file)->write("world"));
  EXPECT_EQ((*file)->size(), 11U);
  std::string buffer(5, '\0');
  EXPECT_EQ((*file)->read_at(6, buffer), 5U);
  EXPECT_EQ(buffer, "world");
  EXPECT_EQ((*file)->read_at(11, buffer), 0U);
  ASSERT_TRUE((*file)->clear());
  ASSERT_TRUE((*file)->write("new"));
  EXPECT_EQ((*file)->size(), 3U);
  EXPECT_EQ((*file)->read_at(0, buffer), 3U);
  EXPECT_EQ(buffer.substr(0, 3), "new");
}

TEST(TempFile, SeveralSourcesReadOneFile) {
  const TestFolder parent;
  auto folder = TempFolder::create(parent.path());
  ASSERT_TRUE(folder);
  auto created = (*folder)->create_file();
  ASSERT_TRUE(created);
  const std::shared_ptr<TempFile> file = std::move(*created);
  ASSERT_TRUE(file->write("0123456789"));
  const auto first = make_temp_file_source(file);
  const auto second = make_temp_file_source(file);
  std::string buffer(4, '\0');
  EXPECT_EQ(first->read(buffer), 4U);
  EXPECT_EQ(drain(*second).bytes, "0123456789");
  EXPECT_EQ(drain(*first).bytes, "456789");
  EXPECT_EQ(first->size(), 10U);
  EXPECT_EQ(first->consumed(), 10U);
}

TEST(TempFolder, RefusesMemoryWhenTold) {
  const fs::path memory = "/dev/shm";
  if (!fs::exists(memory)) GTEST_SKIP() << "no tmpfs at /dev/shm";
  const auto folder = TempFolder::create(memory, TempFolder::Tmpfs::kRefuse);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(folder.error().hint, "name a folder on a disk with --spill-dir");
}

TEST(TempFolder, SaysThatTheParentIsMissing) {
  const TestFolder parent;
  const auto folder = TempFolder::create(parent / "none");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kNotFound);
}

TEST(StaleTemporaries, OfDeadProcessesAreRemovedAtTheNextStart) {
  const TestFolder parent;
  const pid_t dead = dead_process();
  fs::create_directory(parent / name_of("tmp", dead, 5));
  std::ofstream(parent / name_of("tmp", dead, 5) / "data") << "x";
  std::ofstream(parent / name_of("file", dead, 5)) << "half a playlist";
  const auto folder = TempFolder::create(parent.path());
  ASSERT_TRUE(folder);
  EXPECT_FALSE(fs::exists(parent / name_of("tmp", dead, 5)));
  EXPECT_FALSE(fs::exists(parent / name_of("file", dead, 5)));
}

TEST(StaleTemporaries, OfALivingProcessStay) {
  const TestFolder parent;
  const auto mine = TempFolder::create(parent.path());
  ASSERT_TRUE(mine);
  const ProcessIdentity self = own_identity();
  std::ofstream(parent / name_of("file", self.pid, self.start_time)) << "x";
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 0U);
  EXPECT_TRUE(fs::exists((*mine)->path()));
  EXPECT_TRUE(fs::exists(parent / name_of("file", self.pid, self.start_time)));
}

TEST(StaleTemporaries, OfAnEarlierProcessWithALivingOnesIdAreRemoved) {
  const TestFolder parent;
  const ProcessIdentity self = own_identity();
  ASSERT_NE(self.start_time, 0U);
  std::ofstream(parent / name_of("file", self.pid, self.start_time - 1)) << "x";
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 1U);
}

TEST(StaleTemporaries, LockedByAProcessThatIsNotSeenStay) {
  const TestFolder parent;
  const fs::path path = parent / name_of("file", dead_process(), 5);
  std::ofstream(path) << "x";
  {
    const Descriptor held(::open(path.c_str(), O_RDONLY));
    ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
    EXPECT_EQ(remove_stale_temporaries(parent.path()), 0U);
  }
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 1U);
}

TEST(StaleTemporaries, OtherFilesAreNeverTouched) {
  const TestFolder parent;
  for (const char* name : {"list.m3u", ".m3u-proxy-file-", ".m3u-proxy-file-1", ".m3u-proxy-tmp-x",
                           ".m3u-proxy-file-999999999-1-0.bak", ".m3u-proxy-file--5-1-0",
                           ".m3u-proxy-file-99999999999999999999-1-0"})
    std::ofstream(parent / name) << "x";
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 0U);
}

TEST(StaleTemporaries, OfAKilledProcessAreRemoved) {
  const TestFolder parent;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto folder = TempFolder::create(parent.path());
    const char byte = folder ? '1' : '0';
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, '1');
  ASSERT_FALSE(fs::is_empty(parent.path()));
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 0U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(remove_stale_temporaries(parent.path()), 1U);
  EXPECT_TRUE(fs::is_empty(parent.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(TemporaryName, TellsItsOwner) {
  const auto name = parse_temporary_name(make_temporary_name(TemporaryKind::kFolder));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->kind, TemporaryKind::kFolder);
  EXPECT_EQ(name->owner.pid, ::getpid());
  EXPECT_TRUE(is_alive(name->owner));
}

}  // namespace
}  // namespace m3u_proxy::io
