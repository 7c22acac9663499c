#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::spill {
namespace {

/// The disk is looked at again after this much, or the file system's word is old.
constexpr std::uint64_t kLookEvery = std::uint64_t{8} << 20U;
constexpr std::uint64_t kKeepFreePart = 20;  // 5 %
constexpr Bytes kKeepFreeAtMost = mib(1024);
constexpr std::string_view kOtherDisk =
    "free some disk space, or name a folder on another disk with spill_dir (--spill-dir)";

double mb(std::uint64_t bytes) { return Bytes{bytes}.mb(); }

}  // namespace

Bytes kept_free(Bytes disk) {
  return {std::min(disk.count / kKeepFreePart, kKeepFreeAtMost.count)};
}

Result<io::TempFolder*> SpillSpace::folder() {
  const std::lock_guard lock(mutex_);
  if (!folder_) {
    M3U_TRY(folder_, io::TempFolder::create(options_.folder, options_.tmpfs, this));
  }
  return folder_.get();
}

Result<std::unique_ptr<io::TempFile>> SpillSpace::create_file() {
  M3U_TRY(io::TempFolder* const made, folder());
  return made->create_file();
}

SpillStats SpillSpace::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void SpillSpace::opened() noexcept {
  if (options_.whole != nullptr) options_.whole->opened();
  const std::lock_guard lock(mutex_);
  ++stats_.files;
}

Result<> SpillSpace::take(std::uint64_t bytes) {
  if (options_.whole == nullptr) return take_alone(bytes);
  M3U_CHECK(options_.whole->take(bytes));
  auto taken = take_alone(bytes);
  if (!taken) options_.whole->give_back(bytes);
  return taken;
}

Result<> SpillSpace::take_alone(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t max = options_.max.count;
  if (max != 0 && (bytes > max || stats_.live > max - bytes))
    return fail(
        full(stats_.live,
             fmt::format("{:.1f} MB more would pass max_spill_mb ({:.1f} MB)", mb(bytes), mb(max)),
             "raise max_spill_mb"));
  if (bytes > known_room_) {
    const std::uint64_t room = room_on_disk();
    if (bytes > room)
      return fail(full(stats_.live,
                       fmt::format("{:.1f} MB more would leave the disk too little free{}",
                                   mb(bytes), max == 0 ? " (5 % of it, at most 1 GB)" : ""),
                       kOtherDisk));
    known_room_ = std::min(room, std::max(kLookEvery, bytes));
  }
  known_room_ -= bytes;
  stats_.live += bytes;
  stats_.peak = std::max(stats_.peak, stats_.live);
  stats_.total += bytes;
  return {};
}

void SpillSpace::give_back(std::uint64_t bytes) noexcept {
  if (options_.whole != nullptr) options_.whole->give_back(bytes);
  const std::lock_guard lock(mutex_);
  stats_.live -= bytes;
}

std::uint64_t SpillSpace::room_on_disk() const {
  struct statvfs info{};
  if (::statvfs(options_.folder.c_str(), &info) != 0)
    return std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t block = info.f_frsize;
  const std::uint64_t free = info.f_bavail * block;
  // Without a limit of the user's own, others keep a part of the disk.
  const std::uint64_t kept = options_.max.count == 0 ? kept_free({info.f_blocks * block}).count : 0;
  return free > kept ? free - kept : 0;
}

Error SpillSpace::full(std::uint64_t live, std::string_view why, std::string_view hint) const {
  return {.code = ErrorCode::kDiskFull,
          .message = fmt::format("no room for temporary data in {}: {:.1f} MB are there, and {}",
                                 options_.folder.string(), mb(live), why),
          .where = {},
          .hint = std::string(hint)};
}

Error SpillSpace::refused(int errno_value) const {
  const std::string why = std::generic_category().message(errno_value);
  if (errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG)
    return full(stats().live, fmt::format("the system refuses more: {}", why), kOtherDisk);
  return system_error(fmt::format("cannot write temporary data in {}", options_.folder.string()),
                      errno_value);
}

}  // namespace m3u_proxy::spill
