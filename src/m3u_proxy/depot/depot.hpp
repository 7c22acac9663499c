// Depot: snapshots where all replicas find them.
//
// A snapshot's files are put first, then looked at, and its manifest last, so it is there whole or
// not at all. Whoever gets one checks every file against the manifest before it has a name here.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/objects/object_store.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::depot {

/// Names the snapshots of one source or proxy: "sources/ID", "generations/ID".
using Shelf = std::string;

/// Thread-safe. `cancel` may be nullptr. Errors beside those below: as ObjectStore's; kOverBudget.
class Depot {
 public:
  /// `budget` outlives this.
  Depot(std::unique_ptr<objects::ObjectStore> objects, memory::Budget& budget)
      : objects_(std::move(objects)), budget_(budget) {}

  /// Does nothing when the same one is there.
  Result<> put(const Shelf& shelf, const snapshots::Snapshot& snapshot, const CancelToken* cancel);
  /// Makes it a snapshot of `into` under its name; files that a snapshot there has already are
  /// shared with it. Errors: kNotFound; kParse (it is damaged); kDiskFull.
  Result<> get(const Shelf& shelf, std::string_view name, const snapshots::SnapshotFolder& into,
               const CancelToken* cancel);
  /// What a snapshot says of itself. Errors: kNotFound, kParse.
  Result<snapshots::Manifest> manifest(const Shelf& shelf, std::string_view name);
  /// Removes the snapshots on the shelves of a kind ("sources") that are not `named` there and of
  /// which nothing was written since `before`; how many. One that cannot be removed is the error,
  /// after all others were.
  Result<std::size_t> keep_only(std::string_view kind,
                                const std::map<Shelf, std::set<std::string>>& named,
                                std::int64_t before);
  /// Removes one, its manifest first.
  Result<> remove(const Shelf& shelf, std::string_view name);

  /// Bytes that get() would fetch: without the files that a snapshot in `into` has already.
  static std::uint64_t bytes_to_get(const snapshots::Manifest& manifest,
                                    const snapshots::SnapshotFolder& into);

  /// Ends what goes on without a token of its own, and lets nothing of that kind begin.
  void stop() { objects_->stop(); }
  [[nodiscard]] objects::ObjectStore& objects() { return *objects_; }
  [[nodiscard]] std::string_view place() const { return objects_->place(); }

 private:
  Result<> put_files(const std::string& folder, const snapshots::Snapshot& snapshot,
                     const CancelToken* cancel);
  Result<> get_file(const std::string& folder, const snapshots::SnapshotFile& file,
                    snapshots::SnapshotDraft& draft, const CancelToken* cancel);

  std::unique_ptr<objects::ObjectStore> objects_;
  memory::Budget& budget_;
};

}  // namespace m3u_proxy::depot
