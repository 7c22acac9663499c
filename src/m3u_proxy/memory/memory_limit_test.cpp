#include <gtest/gtest.h>

#include <m3u_proxy/memory/fake_root_testing.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>

namespace m3u_proxy::memory {
namespace {

MemoryReadings readings(std::uint64_t machine_mb, std::optional<std::uint64_t> cgroup_mb) {
  MemoryReadings out{.machine = mib(machine_mb)};
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

TEST(OptimalThresholds, AreEighthQuarterHalfAndThreeQuartersOfTheSystem) {
  const MemoryThresholds thresholds = calculate_optimal_thresholds(readings(16384, std::nullopt));
  EXPECT_EQ(thresholds.optimal_mb, 2048);
  EXPECT_EQ(thresholds.moderate_mb, 4096);
  EXPECT_EQ(thresholds.high_mb, 8192);
  EXPECT_EQ(thresholds.critical_mb, 12288);
}

TEST(OptimalThresholds, TakeTheControlGroupForTheSystem) {
  EXPECT_EQ(calculate_optimal_thresholds(readings(16384, 512)).high_mb, 256);
}

TEST(OptimalThresholds, AreZeroWhereNothingIsKnown) {
  EXPECT_EQ(calculate_optimal_thresholds(MemoryReadings{}).critical_mb, 0);
}

using ReadMemory = testing::FakeRoot;

TEST_F(ReadMemory, TakesMemTotalOfMeminfo) {
  put("proc/meminfo", "MemTotal:       16384000 kB\nMemFree:         1000 kB\n");
  const MemoryReadings found = read_memory(root());
  EXPECT_EQ(found.machine, kib(16384000));
  EXPECT_FALSE(found.cgroup_limit.has_value());
}

TEST_F(ReadMemory, TakesWhatIsAvailableAndHowLongTasksWaited) {
  put("proc/meminfo", "MemTotal: 16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n");
  put("proc/pressure/memory",
      "some avg10=12.53 avg60=1.00 avg300=0.00 total=1\n"
      "full avg10=3.25 avg60=0.50 avg300=0.00 total=1\n");
  const MemoryReadings found = read_memory(root());
  EXPECT_EQ(found.available, kib(8192));
  ASSERT_TRUE(found.stalls.has_value());
  EXPECT_EQ(found.stalls->some, 12.53);
  EXPECT_EQ(found.stalls->full, 3.25);
}

TEST_F(ReadMemory, TakesADamagedPressureFileForNone) {
  put("proc/pressure/memory", "some avg10=often\nnothing\n");
  EXPECT_FALSE(read_memory(root()).stalls.has_value());
}

TEST_F(ReadMemory, KnowsNothingWhereNothingCanBeRead) {
  const MemoryReadings found = read_memory(root());
  EXPECT_FALSE(found.machine.has_value());
  EXPECT_FALSE(found.cgroup_limit.has_value());
}

TEST_F(ReadMemory, TakesTheSmallestLimitOfVersion2GroupsUpToTheRoot) {
  put("proc/self/cgroup", "0::/system.slice/m3u.service\n");
  put("sys/fs/cgroup/system.slice/memory.max", "268435456\n");
  put("sys/fs/cgroup/system.slice/m3u.service/memory.max", "536870912\n");
  EXPECT_EQ(read_memory(root()).cgroup_limit, mib(256));
}

TEST_F(ReadMemory, ReadsMaxAsNoLimitInVersion2) {
  put("proc/self/cgroup", "0::/\n");
  put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_FALSE(read_memory(root()).cgroup_limit.has_value());
}

TEST_F(ReadMemory, FindsTheMemoryControllerOfVersion1) {
  put("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/abc\n");
  put("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "67108864\n");
  put("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(read_memory(root()).cgroup_limit, mib(64));
}

TEST_F(ReadMemory, SeesTheMountOfAContainerWhoseGroupHasAnotherPathInside) {
  put("proc/self/cgroup", "5:memory:/docker/abc\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "67108864\n");
  EXPECT_EQ(read_memory(root()).cgroup_limit, mib(64));
}

TEST_F(ReadMemory, ReadsTheHugeNumberOfVersion1AsNoLimit) {
  put("proc/self/cgroup", "5:memory:/\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_FALSE(read_memory(root()).cgroup_limit.has_value());
}

}  // namespace
}  // namespace m3u_proxy::memory
