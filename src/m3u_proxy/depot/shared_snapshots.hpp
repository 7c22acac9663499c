// SharedSnapshots: snapshots as one replica has them: in a folder of its own and, where several
// replicas have a depot, in that. Without a depot there is only the folder.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <m3u_proxy/depot/depot.hpp>

namespace m3u_proxy::depot {

/// Thread-safe.
class SharedSnapshots {
 public:
  using Opened = Result<std::shared_ptr<const snapshots::Snapshot>>;
  /// Room on the disk for what is fetched, given back with the answer: an error keeps it from being
  /// fetched.
  using TakeRoom =
      std::function<Result<std::shared_ptr<void>>(const std::string& what, std::uint64_t bytes)>;

  /// `depot` may be nullptr and outlives this.
  SharedSnapshots(Depot* depot, TakeRoom take_room)
      : depot_(depot), take_room_(std::move(take_room)) {}

  [[nodiscard]] bool has_depot() const { return depot_ != nullptr; }
  [[nodiscard]] Depot* depot() const { return depot_; }

  /// Opens one; what is not here, or damaged here, is fetched first, once by whoever asks at the
  /// same time. Errors: those of SnapshotFolder::get() and Depot::get().
  [[nodiscard]] Opened open(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                            std::string_view name) const;
  /// What it says of itself, wherever it is. Errors: as above.
  [[nodiscard]] Result<snapshots::Manifest> manifest(const snapshots::SnapshotFolder& folder,
                                                     const Shelf& shelf,
                                                     std::string_view name) const;
  /// Puts one of `folder` into the depot, so that it can be named. Errors: those of Depot::put()
  /// and SnapshotFolder::get().
  [[nodiscard]] Result<> put(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                             std::string_view name, const CancelToken* cancel) const;
  /// Puts one there if it is here: as when a service alone becomes one of several. What fails is
  /// said in the log.
  void put_if_here(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                   std::string_view name) const;

 private:
  Result<> fetch(const snapshots::SnapshotFolder& folder, const Shelf& shelf, std::string_view name,
                 bool is_damaged) const;

  Depot* depot_;
  TakeRoom take_room_;
  mutable std::mutex mutex_;  // of what follows
  mutable std::condition_variable fetched_;
  mutable std::set<std::string> fetching_;  // shelf and name
};

}  // namespace m3u_proxy::depot
