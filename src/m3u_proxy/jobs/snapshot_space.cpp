#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/jobs/snapshot_space.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::jobs {
namespace {

namespace fs = std::filesystem;

/// What a snapshot has beside its files: its manifest is a handful of lines.
constexpr Bytes kManifestRoom = kib(4);

using FileId = std::pair<dev_t, ino_t>;

template <typename Use>
void for_each_file(const fs::path& snapshot, Use use) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(snapshot, error)) {
    struct stat info{};
    if (::lstat(entry.path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) use(info);
  }
}

std::uint64_t size_of(const struct stat& info) { return static_cast<std::uint64_t>(info.st_size); }

fs::path generations_of(const fs::path& data, const Uuid& proxy) {
  return data / "generations" / to_base64url(proxy);
}

std::optional<SnapshotSpace::Disk> system_disk(const fs::path& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return std::nullopt;
  return SnapshotSpace::Disk{.size = space.capacity, .free = space.available};
}

/// Of a generation by its folder's name; more than any where that is none.
std::int64_t number_of(std::string_view name) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_number = error == std::errc() && end == name.data() + name.size();
  return is_number ? number : std::numeric_limits<std::int64_t>::max();
}

double mb(std::uint64_t bytes) { return Bytes{bytes}.mb(); }

}  // namespace

/// A generation that may go.
struct SnapshotSpace::Kept {
  Uuid proxy{};
  std::string proxy_name{};
  std::int64_t number = 0;
  store::Time created{};
  fs::path path{};

  /// Bytes that are free when all of these are gone.
  static std::uint64_t bytes(const std::vector<Kept>& all) {
    std::map<FileId, nlink_t> links;
    std::uint64_t total = 0;
    for (const Kept& kept : all)
      for_each_file(kept.path, [&](const struct stat& info) {
        if (info.st_nlink == 1 || ++links[{info.st_dev, info.st_ino}] == info.st_nlink)
          total += size_of(info);
      });
    return total;
  }
};

std::uint64_t own_bytes(const fs::path& snapshot) {
  std::uint64_t total = 0;
  for_each_file(snapshot, [&](const struct stat& info) {
    if (info.st_nlink == 1) total += size_of(info);
  });
  return total;
}

std::vector<std::string> forgotten(std::vector<std::string> names,
                                   const std::vector<store::GenerationRow>& rows) {
  std::erase_if(names, [&](const std::string& name) {
    const std::int64_t number = number_of(name);
    return rows.empty() || number >= rows.front().number ||
           std::ranges::find(rows, number, &store::GenerationRow::number) != rows.end();
  });
  return names;
}

store::Time made_at(const fs::path& snapshot) {
  struct stat info{};
  if (::stat(snapshot.c_str(), &info) != 0) return {};
  return store::Time(std::chrono::seconds(info.st_mtim.tv_sec));
}

SnapshotSpace::SnapshotSpace(store::Store& store, Options options)
    : store_(store), options_(std::move(options)) {
  if (!options_.disk) options_.disk = system_disk;
}

SnapshotSpace::Room::~Room() {
  if (space_ == nullptr) return;
  const std::scoped_lock lock(space_->mutex_);
  space_->taken_ -= bytes_;
}

Result<> SnapshotSpace::Room::settle(std::uint64_t bytes) {
  const std::scoped_lock lock(space_->mutex_);
  space_->taken_ -= std::exchange(bytes_, 0);
  M3U_CHECK(space_->check_disk(*this, 0));  // it is written already
  return space_->claim(*this, bytes, Size::kKnown);
}

Result<SnapshotSpace::Room> SnapshotSpace::take(std::string what, std::uint64_t bytes, Size size) {
  Room room(*this, std::move(what));
  const std::scoped_lock lock(mutex_);
  M3U_CHECK(check_disk(room, bytes));
  M3U_CHECK(claim(room, bytes, size));
  return room;
}

Result<std::shared_ptr<void>> SnapshotSpace::take_for_copy(const std::string& what,
                                                           std::uint64_t bytes) {
  M3U_TRY(Room room, take(what, bytes, Size::kCopy));
  return std::make_shared<Room>(std::move(room));
}

void SnapshotSpace::set_max_mb(std::uint64_t max_mb) {
  const std::scoped_lock lock(mutex_);
  options_.max_mb = max_mb;
}

std::uint64_t SnapshotSpace::used() const {
  std::set<FileId> shared;
  std::uint64_t total = 0;
  std::error_code error;
  for (const std::string_view kind : {"sources", "generations"})
    for (const auto& owner : fs::directory_iterator(options_.folder / kind, error))
      for (const auto& snapshot : fs::directory_iterator(owner.path(), error)) {
        // What is being written has taken its room already.
        if (io::parse_temporary_name(snapshot.path().filename().string())) continue;
        for_each_file(snapshot.path(), [&](const struct stat& info) {
          if (info.st_nlink == 1 || shared.emplace(info.st_dev, info.st_ino).second)
            total += size_of(info);
        });
      }
  return total;
}

Result<> SnapshotSpace::claim(Room& room, std::uint64_t bytes, Size size) {
  const std::uint64_t needed = bytes + kManifestRoom.count;
  if (options_.max_mb != 0) M3U_CHECK(make_room(room, needed, size));
  taken_ += needed;
  room.bytes_ = needed;
  return {};
}

Result<> SnapshotSpace::check_disk(const Room& room, std::uint64_t bytes) const {
  const auto disk = options_.disk(options_.folder);
  if (!disk) return {};
  // Without a limit of the user's own, others keep a part of the disk.
  const std::uint64_t kept = options_.max_mb == 0 ? spill::kept_free({disk->size}).count : 0;
  if (disk->free >= kept && bytes <= disk->free - kept) return {};
  const std::string_view hint =
      options_.max_mb == 0
          ? "free some disk space, or set max_snapshot_mb: up to it, all of the disk is used"
          : "free some disk space";
  return fail(
      ErrorCode::kDiskFull,
      fmt::format("the disk of {} has no room for {}: {:.1f} MB are needed, {:.1f} MB are "
                  "free, of which {:.1f} MB stay so",
                  options_.folder.string(), room.what_, mb(bytes), mb(disk->free), mb(kept)),
      std::string(hint));
}

Result<> SnapshotSpace::make_room(const Room& room, std::uint64_t bytes, Size size) {
  const std::uint64_t max = mib(options_.max_mb).count;
  std::uint64_t there = used() + taken_;
  if (there + bytes <= max) return {};
  if (size == Size::kCopy) {
    M3U_CHECK(remove_forgotten());
    there = used() + taken_;
    if (there + bytes <= max) return {};
  }
  std::vector<Kept> old;
  if (size != Size::kCopy) {
    M3U_TRY(old, removable());
  }
  const std::uint64_t stays = there - std::min(there, Kept::bytes(old));
  const auto full = [&] {
    return fail(ErrorCode::kDiskFull,
                fmt::format("no room for {}: snapshots that have to stay take {:.1f} MB, {:.1f} MB "
                            "more are needed, and max_snapshot_mb is {}",
                            room.what_, mb(stays), mb(bytes), options_.max_mb),
                "raise max_snapshot_mb");
  };
  if (stays + bytes > max) return size == Size::kExpected ? Result<>() : full();
  for (const Kept& kept : old) {
    const std::uint64_t freed = own_bytes(kept.path);
    M3U_TRY(const bool gone, remove(kept));
    if (gone) there -= std::min(there, freed);
    if (there + bytes <= max) return {};
  }
  return size == Size::kExpected ? Result<>() : full();
}

/// What another replica has forgotten: a generation older than the newest one that no row names.
Result<> SnapshotSpace::remove_forgotten() const {
  M3U_TRY(const auto proxies, store_.entities().list(store::EntityKind::kProxy));
  for (const store::Entity& proxy : proxies) {
    M3U_TRY(const auto rows, store_.generations().list(proxy.id));
    M3U_TRY(const auto folder,
            snapshots::SnapshotFolder::open(generations_of(options_.folder, proxy.id)));
    for (const std::string& name : forgotten(folder.list(), rows)) M3U_CHECK(folder.remove(name));
  }
  return {};
}

Result<std::vector<SnapshotSpace::Kept>> SnapshotSpace::removable() const {
  std::vector<Kept> found;
  M3U_TRY(const auto proxies, store_.entities().list(store::EntityKind::kProxy));
  for (const store::Entity& proxy : proxies) {
    M3U_TRY(const auto rows, store_.generations().list(proxy.id));
    for (const store::GenerationRow& row : rows) {
      if (row.state != store::GenerationState::kKept || row.number == rows.front().number) continue;
      // One that only others have makes no room here.
      std::error_code error;
      if (!fs::exists(generations_of(options_.folder, proxy.id) / std::to_string(row.number),
                      error))
        continue;
      found.push_back(
          {.proxy = proxy.id,
           .proxy_name = proxy.name,
           .number = row.number,
           .created = row.created,
           .path = generations_of(options_.folder, proxy.id) / std::to_string(row.number)});
    }
  }
  std::ranges::stable_sort(found, {},
                           [](const Kept& kept) { return std::pair(kept.created, kept.number); });
  return found;
}

Result<bool> SnapshotSpace::remove(const Kept& kept) {
  const auto forgotten = store_.generations().forget(kept.proxy, kept.number);
  if (!forgotten && forgotten.error().code == ErrorCode::kConflict) return false;
  M3U_CHECK(forgotten);
  M3U_TRY(const auto folder,
          snapshots::SnapshotFolder::open(generations_of(options_.folder, kept.proxy)));
  M3U_CHECK(folder.remove(std::to_string(kept.number)));
  log::info("jobs.generate", "\"{}\" #{} is gone: max_snapshot_mb has no room for it",
            kept.proxy_name, kept.number);
  return true;
}

}  // namespace m3u_proxy::jobs
