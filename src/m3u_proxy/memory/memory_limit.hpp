// Memory limit: how much memory this process may use, from what the user said, the machine, and
// the control group (cgroup v1 and v2) it runs in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/memory_config.hpp>

namespace m3u_proxy::memory {

/// Percent of the last 10 seconds in which tasks waited for memory (Linux's pressure stall
/// information): some of them, or all of them at once.
struct MemoryStalls {
  double some = 0;
  double full = 0;
};

/// What the system says about memory; nullopt: not known, or no limit.
struct MemoryReadings {
  std::optional<Bytes> machine{};       ///< all memory of the machine
  std::optional<Bytes> cgroup_limit{};  ///< the smallest limit of our control group and its parents
  std::optional<Bytes> available{};     ///< what the machine could give without swapping
  std::optional<MemoryStalls> stalls{};
};

/// Reads /proc/meminfo, /proc/pressure/memory, /proc/self/cgroup and the limits below
/// /sys/fs/cgroup; `root` stands for "/" in tests. What cannot be read is not known. Takes tens of
/// microseconds. Linux; elsewhere nothing is known.
MemoryReadings read_memory(const std::filesystem::path& root = "/");

/// A limit and, when it is not what was asked for, why.
struct ChosenLimit {
  Bytes limit{};
  std::string why;  ///< for one line in the log; empty: as asked for
};

/// From where memory counts as short on a machine of this size: 2048 MB with at least 16 GiB, 1024
/// MB with at least 8 GiB, else 512 MB. A control group's limit counts as the memory there is.
Bytes threshold_for_system(const MemoryReadings& readings);

/// Where the pressure levels end on a machine of this size: at 1/8, 1/4, 1/2 and 3/4 of its memory
/// or of the control group's limit. All 0 when neither is known.
MemoryThresholds calculate_optimal_thresholds(const MemoryReadings& readings = read_memory());

/// The limit for `auto`: threshold_for_system(), capped as in capped_limit().
ChosenLimit automatic_limit(const MemoryReadings& readings);

/// `wanted`, but at most 7/8 of the control group's limit: the kernel's own pages for this process
/// are charged there too.
ChosenLimit capped_limit(Bytes wanted, const MemoryReadings& readings);

}  // namespace m3u_proxy::memory
