// Names of temporary files and folders that tell whose they are, so that a later start can remove
// what a crash left without touching what a living process uses.
//
// A name is ".m3u-proxy-<kind>-<pid>-<start time>-<n>". The owner also holds flock(2) on it while
// it is in use: process ids mean nothing between containers that share a folder, locks do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::io {

/// A process, told apart from a later one with the same id by when it started.
struct ProcessIdentity {
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;  ///< clock ticks since boot (/proc/<pid>/stat); 0 = not known
};

/// This process.
ProcessIdentity own_identity();
/// Whether that process still runs (as far as this pid namespace can tell).
bool is_alive(const ProcessIdentity& process);

enum class TemporaryKind : std::uint8_t { kFile, kFolder };

/// A new name of this process, unique within it. Thread-safe.
std::string make_temporary_name(TemporaryKind kind);

struct TemporaryName {
  TemporaryKind kind = TemporaryKind::kFile;
  ProcessIdentity owner{};
};
/// Reads a name back; empty when it is not one of ours.
std::optional<TemporaryName> parse_temporary_name(std::string_view name);

/// Removes from `folder` the temporary files and folders whose process is gone and whose lock is
/// free. Returns how many. What cannot be removed stays: it is not this run's failure.
std::size_t remove_stale_temporaries(const std::filesystem::path& folder);

}  // namespace m3u_proxy::io
