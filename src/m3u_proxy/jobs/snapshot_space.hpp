// SnapshotSpace: the disk that the snapshots of all sources and the generations of all proxies take
// together.
//
// Before a new one is written its room is taken here. Where `max_snapshot_mb` leaves too little,
// the oldest kept generations go: never what is served, what waits for the end of a roll back, the
// newest of a proxy, or a copy of a source. What fits nowhere is an error, and nothing is removed
// for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// Bytes of the files in a folder of a snapshot that no other snapshot shares.
std::uint64_t own_bytes(const std::filesystem::path& snapshot);
/// Of these generations in a folder those that no row names and that are older than the newest one
/// that a row names: another replica has forgotten them. `rows`: all of the proxy, newest first.
std::vector<std::string> forgotten(std::vector<std::string> names,
                                   const std::vector<store::GenerationRow>& rows);
/// When a snapshot was made, by the system's clock; store::Time() when it is not there.
store::Time made_at(const std::filesystem::path& snapshot);

/// Thread-safe.
class SnapshotSpace {
 public:
  struct Disk {
    std::uint64_t size = 0;
    std::uint64_t free = 0;
  };
  struct Options {
    std::filesystem::path folder;  ///< of the data: sources/ and generations/ are in it
    std::uint64_t max_mb = 0;      ///< `max_snapshot_mb`; 0: the disk less spill::kept_free()
    /// What the disk of a folder has; nullopt: not known, which is no limit. Empty: as the system
    /// says.
    std::function<std::optional<Disk>(const std::filesystem::path&)> disk{};
  };
  /// `store` outlives this.
  SnapshotSpace(store::Store& store, Options options);

  /// Room that a snapshot has while it is written; given back when this is gone, by when the
  /// snapshot is there under its name, or dropped. Outlived by its SnapshotSpace.
  class Room {
   public:
    Room(Room&& other) noexcept
        : space_(std::exchange(other.space_, nullptr)),
          what_(std::move(other.what_)),
          bytes_(other.bytes_) {}
    Room& operator=(Room&&) = delete;
    ~Room();
    /// Now that it is written: it has `bytes`. Error: kDiskFull, as take().
    Result<> settle(std::uint64_t bytes);

   private:
    friend class SnapshotSpace;
    Room(SnapshotSpace& space, std::string what) : space_(&space), what_(std::move(what)) {}
    SnapshotSpace* space_;
    std::string what_;
    std::uint64_t bytes_ = 0;
  };

  /// Whether a size is known, or only what can be expected: then `max_snapshot_mb` is an error not
  /// before it is known.
  enum class Size : std::uint8_t {
    kKnown,
    kExpected,
    kCopy,  ///< known, of what another replica has made: no generation goes for it that others have
  };
  /// Takes room for `what`, which is for people: "a new copy of …". Errors: kDiskFull, with what is
  /// there, what is needed and the remedy; of the store, kIo.
  Result<Room> take(std::string what, std::uint64_t bytes, Size size);
  /// The same for a copy that comes from a depot, whose size is known. Errors: as take().
  Result<std::shared_ptr<void>> take_for_copy(const std::string& what, std::uint64_t bytes);
  /// From the next snapshot on.
  void set_max_mb(std::uint64_t max_mb);
  /// What is there, in bytes; what several snapshots share counts once.
  [[nodiscard]] std::uint64_t used() const;

 private:
  struct Kept;
  Result<> claim(Room& room, std::uint64_t bytes, Size size);
  Result<> check_disk(const Room& room, std::uint64_t bytes) const;
  Result<> make_room(const Room& room, std::uint64_t bytes, Size size);
  Result<> remove_forgotten() const;
  [[nodiscard]] Result<std::vector<Kept>> removable() const;
  /// Whether it is gone: somebody may have rolled back to it meanwhile.
  Result<bool> remove(const Kept& kept);

  store::Store& store_;
  Options options_;
  std::mutex mutex_;
  std::uint64_t taken_ = 0;  // by what is being written
};

}  // namespace m3u_proxy::jobs
