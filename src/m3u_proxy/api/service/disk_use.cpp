#include <cerrno>
#include <memory>

#include <fts.h>
#include <sys/stat.h>

#include <m3u_proxy/api/service/disk_use.hpp>

namespace m3u_proxy::api {
namespace {

/// What POSIX counts st_blocks in.
constexpr std::uint64_t kBlock = 512;

}  // namespace

std::optional<std::uint64_t> DiskUse::measure() const {
  std::string folder = folder_.string();
  char* paths[] = {folder.data(), nullptr};
  // It reads a folder at a time, and names each file once: of a file with several names the others
  // are told by their number of links.
  const std::unique_ptr<FTS, decltype(&::fts_close)> walk(
      ::fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr), &::fts_close);
  if (walk == nullptr) return std::nullopt;
  double bytes = 0;
  errno = 0;
  while (const FTSENT* const entry = ::fts_read(walk.get())) {
    if (entry->fts_info == FTS_DP || entry->fts_statp == nullptr) continue;
    if (entry->fts_info == FTS_DNR && entry->fts_level == FTS_ROOTLEVEL) return std::nullopt;
    if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR) {
      if (entry->fts_level == FTS_ROOTLEVEL) return std::nullopt;
      continue;  // it went while we looked
    }
    const auto size = static_cast<double>(entry->fts_statp->st_blocks) * kBlock;
    const bool is_file = entry->fts_info == FTS_F && entry->fts_statp->st_nlink > 1;
    bytes += is_file ? size / static_cast<double>(entry->fts_statp->st_nlink) : size;
  }
  return static_cast<std::uint64_t>(bytes);
}

std::optional<std::uint64_t> DiskUse::used(Moment now) {
  {
    const std::scoped_lock lock(mutex_);
    if (measured_ && now - *measured_ < kGood) return used_;
    measured_ = now;
  }
  const auto measured = measure();
  const std::scoped_lock lock(mutex_);
  used_ = measured;
  return used_;
}

}  // namespace m3u_proxy::api
