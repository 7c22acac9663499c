#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/depot/shared_snapshots.hpp>

namespace m3u_proxy::depot {
namespace {

/// Whether the depot may have it in a better state.
bool is_missing(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kParse;
}

}  // namespace

Result<> SharedSnapshots::fetch(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                                std::string_view name, bool is_damaged) const {
  M3U_TRY(const snapshots::Manifest manifest, depot_->manifest(shelf, name));
  M3U_TRY(const std::shared_ptr<void> room,
          take_room_(fmt::format("a copy of {}/{} from {}", shelf, name, depot_->place()),
                     Depot::bytes_to_get(manifest, folder)));
  if (is_damaged) M3U_CHECK(folder.remove(name));
  M3U_CHECK(depot_->get(shelf, name, folder, nullptr));
  log::debug("depot", "{}/{} is fetched from {}", shelf, name, depot_->place());
  return {};
}

SharedSnapshots::Opened SharedSnapshots::open(const snapshots::SnapshotFolder& folder,
                                              const Shelf& shelf, std::string_view name) const {
  auto here = folder.get(name);
  if (here || depot_ == nullptr || !is_missing(here.error())) return here;
  const std::string wanted = fmt::format("{}/{}", shelf, name);
  {
    std::unique_lock lock(mutex_);
    fetched_.wait(lock, [&] { return !fetching_.contains(wanted); });
    here = folder.get(name);  // somebody else may have fetched it meanwhile
    if (here || !is_missing(here.error())) return here;
    fetching_.insert(wanted);
  }
  const auto done = fetch(folder, shelf, name, here.error().code == ErrorCode::kParse);
  {
    const std::scoped_lock lock(mutex_);
    fetching_.erase(wanted);
  }
  fetched_.notify_all();
  M3U_CHECK(done);
  return folder.get(name);
}

Result<snapshots::Manifest> SharedSnapshots::manifest(const snapshots::SnapshotFolder& folder,
                                                      const Shelf& shelf,
                                                      std::string_view name) const {
  const auto here = folder.get(name);
  if (here) return (*here)->manifest();
  if (depot_ == nullptr || !is_missing(here.error())) return fail(here.error());
  return depot_->manifest(shelf, name);
}

Result<> SharedSnapshots::put(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                              std::string_view name, const CancelToken* cancel) const {
  if (depot_ == nullptr) return {};
  M3U_TRY(const auto snapshot, folder.get(name));
  return depot_->put(shelf, *snapshot, cancel);
}

void SharedSnapshots::put_if_here(const snapshots::SnapshotFolder& folder, const Shelf& shelf,
                                  std::string_view name) const {
  if (depot_ == nullptr) return;
  const auto snapshot = folder.get(name);
  if (!snapshot) return;
  if (const auto done = depot_->put(shelf, **snapshot, nullptr);
      !done && done.error().code != ErrorCode::kCancelled)
    log::warn("depot", "{}/{} is not in {} yet: {}", shelf, name, depot_->place(),
              to_string(done.error()));
}

}  // namespace m3u_proxy::depot
