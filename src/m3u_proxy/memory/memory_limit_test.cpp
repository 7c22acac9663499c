#include <fstream>

#include <gtest/gtest.h>

#include <m3u_proxy/memory/memory_limit.hpp>

namespace m3u_proxy::memory {
namespace {

MemoryReadings readings(std::uint64_t machine_mb, std::optional<std::uint64_t> cgroup_mb) {
  MemoryReadings out{.machine = mib(machine_mb), .cgroup_limit = std::nullopt};
  if (cgroup_mb) out.cgroup_limit = mib(*cgroup_mb);
  return out;
}

TEST(AutomaticLimit, FollowsTheMachinesMemory) {
  EXPECT_EQ(automatic_limit(readings(65536, std::nullopt)).limit, mib(2048));
  EXPECT_EQ(automatic_limit(readings(16384, std::nullopt)).limit, mib(2048));
  EXPECT_EQ(automatic_limit(readings(16383, std::nullopt)).limit, mib(1024));
  EXPECT_EQ(automatic_limit(readings(8192, std::nullopt)).limit, mib(1024));
  EXPECT_EQ(automatic_limit(readings(8191, std::nullopt)).limit, mib(512));
}

TEST(AutomaticLimit, IsTheSmallestWhereNothingIsKnown) {
  EXPECT_EQ(automatic_limit({}).limit, mib(512));
  EXPECT_EQ(automatic_limit({}).why, "");
}

TEST(AutomaticLimit, CountsTheControlGroupAsTheMemoryThereIs) {
  EXPECT_EQ(automatic_limit(readings(65536, 8192)).limit, mib(1024));
  EXPECT_EQ(automatic_limit(readings(65536, 1024)).limit, mib(512));
}

TEST(AutomaticLimit, StaysBelowSevenEighthsOfTheControlGroup) {
  const ChosenLimit chosen = automatic_limit(readings(65536, 512));
  EXPECT_EQ(chosen.limit, mib(448));
  EXPECT_EQ(chosen.why,
            "memory limit lowered from 512 MB to 448 MB: 7/8 of the control group's 512 MB");
}

TEST(CappedLimit, KeepsWhatFits) {
  EXPECT_EQ(capped_limit(mib(448), readings(1024, 512)).limit, mib(448));
  EXPECT_EQ(capped_limit(mib(448), readings(1024, 512)).why, "");
  EXPECT_EQ(capped_limit(mib(449), readings(1024, 512)).limit, mib(448));
}

TEST(CappedLimit, TrustsTheUserWithoutAControlGroup) {
  EXPECT_EQ(capped_limit(mib(4096), readings(1024, std::nullopt)).limit, mib(4096));
}

class ReadMemory : public ::testing::Test {
 protected:
  ReadMemory() {
    std::string name = ::testing::TempDir() + "m3u_proxy_memory_XXXXXX";
    root_ = ::mkdtemp(name.data());
  }
  ~ReadMemory() override { std::filesystem::remove_all(root_); }
  ReadMemory(const ReadMemory&) = delete;
  ReadMemory& operator=(const ReadMemory&) = delete;

  void put(const std::string& path, const std::string& content) const {
    const std::filesystem::path file = root_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }

  std::filesystem::path root_;
};

TEST_F(ReadMemory, TakesMemTotalOfMeminfo) {
  put("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:         1000 kB\n");
  const MemoryReadings found = read_memory(root_);
  EXPECT_EQ(found.machine, kib(16384000));
  EXPECT_FALSE(found.cgroup_limit.has_value());
}

TEST_F(ReadMemory, KnowsNothingWhereNothingCanBeRead) {
  const MemoryReadings found = read_memory(root_);
  EXPECT_FALSE(found.machine.has_value());
  EXPECT_FALSE(found.cgroup_limit.has_value());
}

TEST_F(ReadMemory, TakesTheSmallestLimitOfVersion2GroupsUpToTheRoot) {
  put("proc/self/cgroup", "0::/system.slice/m3u.service\n");
  put("sys/fs/cgroup/system.slice/memory.max", "268435456\n");
  put("sys/fs/cgroup/system.slice/m3u.service/memory.max", "536870912\n");
  EXPECT_EQ(read_memory(root_).cgroup_limit, mib(256));
}

TEST_F(ReadMemory, ReadsMaxAsNoLimitInVersion2) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_FALSE(read_memory(root_).cgroup_limit.has_value());
}

TEST_F(ReadMemory, FindsTheMemoryControllerOfVersion1) {
  put("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n");
  put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "67108864\n");
  put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(read_memory(root_).cgroup_limit, mib(64));
}

TEST_F(ReadMemory, SeesTheMountOfAContainerWhoseGroupHasAnotherPathInside) {
  put("proc/self/cgroup", "5:memory:/docker/abc\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
  EXPECT_EQ(read_memory(root_).cgroup_limit, mib(64));
}

TEST_F(ReadMemory, ReadsTheHugeNumberOfVersion1AsNoLimit) {
  put("proc/self/cgroup", "5:memory:/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(read_memory(root_).cgroup_limit.has_value());
}

}  // namespace
}  // namespace m3u_proxy::memory
