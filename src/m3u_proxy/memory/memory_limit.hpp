// Memory limit: how much memory this process may use, from what the user said, the machine, and
// the control group (cgroup v1 and v2) it runs in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/base/bytes.hpp>

namespace m3u_proxy::memory {

/// What the system says about memory; nullopt: not known, or no limit.
struct MemoryReadings {
  std::optional<Bytes> machine;       ///< all memory of the machine
  std::optional<Bytes> cgroup_limit;  ///< the smallest limit of our control group and its parents
};

/// Reads /proc/meminfo, /proc/self/cgroup and the limits below /sys/fs/cgroup; `root` stands for
/// "/" in tests. What cannot be read is not known. Linux; elsewhere nothing is known.
MemoryReadings read_memory(const std::filesystem::path& root = "/");

/// A limit and, when it is not what was asked for, why.
struct ChosenLimit {
  Bytes limit{};
  std::string why;  ///< for one line in the log; empty: as asked for
};

/// The limit for `auto`: 2048 MB with at least 16 GiB of memory, 1024 MB with at least 8 GiB, else
/// 512 MB, capped as in capped_limit(). A control group's limit counts as the memory there is.
ChosenLimit automatic_limit(const MemoryReadings& readings);

/// `wanted`, but at most 7/8 of the control group's limit: the kernel's own pages for this process
/// are charged there too.
ChosenLimit capped_limit(Bytes wanted, const MemoryReadings& readings);

}  // namespace m3u_proxy::memory
