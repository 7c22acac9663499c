#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/depot/shared_snapshots.hpp>

namespace m3u_proxy::depot {
namespace {

/// Whether the depot may have it in a better state.
bool is_missing(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kParse;
}

std::uint64_t bytes_of(const snapshots::Manifest& manifest) {
  std::uint64_t bytes = 0;
  for (const snapshots::SnapshotFile& file : manifest.files) bytes += file.bytes;
  return bytes;
}

}  // namespace

SharedSnapshots::Opened SharedSnapshots::open(const snapshots::SnapshotFolder& folder,
                                              const Shelf& shelf, std::string_view name) const {
  auto here = folder.get(name);
  if (here || depot_ == nullptr || !is_missing(here.error())) return here;
  const std::scoped_lock lock(fetching_);
  here = folder.get(name);  // somebody else may have fetched it meanwhile
  if (here || !is_missing(here.error())) return here;
  const bool is_damaged = here.error().code == ErrorCode::kParse;
  M3U_TRY(const snapshots::Manifest manifest, depot_->manifest(shelf, name));
  M3U_TRY(const std::shared_ptr<void> room,
          take_room_(fmt::format("a copy of {}/{} from {}", shelf, name, depot_->place()),
                     bytes_of(manifest)));
  if (is_damaged) M3U_CHECK(folder.remove(name));
  M3U_CHECK(depot_->get(shelf, name, folder, nullptr));
  log::debug("depot", "{}/{} is fetched from {}", shelf, name, depot_->place());
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
  if (const auto done = depot_->put(shelf, **snapshot, nullptr); !done)
    log::warn("depot", "{}/{} is not in {} yet: {}", shelf, name, depot_->place(),
              to_string(done.error()));
}

}  // namespace m3u_proxy::depot
