#include <algorithm>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/depot/depot.hpp>

namespace m3u_proxy::depot {
namespace {

constexpr std::string_view kManifest = "manifest";
constexpr std::size_t kMostManifestBytes = std::size_t{1} << 20U;
/// Of a transfer: a piece in hand, and the buffers of the connection.
constexpr Bytes kTransfer = kib(256);
/// A file that came damaged is asked for once more.
constexpr int kTries = 2;

std::string folder_of(const Shelf& shelf, std::string_view name) {
  return fmt::format("{}/{}/", shelf, name);
}

/// The file of one of these snapshots that is the same.
std::shared_ptr<const snapshots::Snapshot> owner_of(
    const snapshots::SnapshotFile& file,
    const std::vector<std::shared_ptr<const snapshots::Snapshot>>& snapshots) {
  const auto owner = std::ranges::find_if(snapshots, [&](const auto& other) {
    const snapshots::SnapshotFile* const known = other->manifest().find(file.name);
    return known != nullptr && *known == file;
  });
  return owner == snapshots.end() ? nullptr : *owner;
}

/// The snapshots of a folder, newest last as far as names tell.
std::vector<std::shared_ptr<const snapshots::Snapshot>> there(
    const snapshots::SnapshotFolder& folder) {
  std::vector<std::shared_ptr<const snapshots::Snapshot>> found;
  for (const std::string& name : folder.list())
    if (auto snapshot = folder.get(name)) found.push_back(*std::move(snapshot));
  return found;
}

}  // namespace

Result<snapshots::Manifest> Depot::manifest(const Shelf& shelf, std::string_view name) {
  M3U_TRY(
      const std::string text,
      objects::get_text(*objects_, folder_of(shelf, name).append(kManifest), kMostManifestBytes));
  return snapshots::parse_manifest(text);
}

/// And looks whether they are there as they should be.
Result<> Depot::put_files(const std::string& folder, const snapshots::Snapshot& snapshot,
                          const CancelToken* cancel) {
  for (const snapshots::SnapshotFile& file : snapshot.manifest().files)
    M3U_CHECK(objects_->put(folder + file.name,
                            objects::content_of(*snapshot.file(file.name), file.bytes,
                                                (snapshot.path() / file.name).string()),
                            cancel));
  M3U_TRY(const auto put, objects_->list(folder));
  for (const snapshots::SnapshotFile& file : snapshot.manifest().files) {
    const auto found = std::ranges::find(put, folder + file.name, &objects::StoredObject::key);
    if (found == put.end() || found->bytes != file.bytes)
      return fail(ErrorCode::kIo,
                  fmt::format("{}: {}{} has {} bytes after {} were put", place(), folder, file.name,
                              found == put.end() ? 0 : found->bytes, file.bytes),
                  "it is tried again with the job");
  }
  return {};
}

Result<> Depot::put(const Shelf& shelf, const snapshots::Snapshot& snapshot,
                    const CancelToken* cancel) {
  const auto known = manifest(shelf, snapshot.name());
  if (known && *known == snapshot.manifest()) return {};
  if (!known && known.error().code != ErrorCode::kNotFound &&
      known.error().code != ErrorCode::kParse)
    return fail(known.error());
  M3U_TRY(const auto reserved, budget_.reserve(memory::Tag::kSnapshot, kTransfer));
  const std::string folder = folder_of(shelf, snapshot.name());
  // Another one of that name, as a restore leaves it, is not there any more before this one is.
  if (known || known.error().code == ErrorCode::kParse) M3U_CHECK(remove(shelf, snapshot.name()));
  M3U_CHECK(put_files(folder, snapshot, cancel));
  const std::string text = to_text(snapshot.manifest());
  return objects_->put(folder + std::string(kManifest), objects::content_of(text), cancel);
}

Result<> Depot::get_file(const std::string& folder, const snapshots::SnapshotFile& file,
                         snapshots::SnapshotDraft& draft, const CancelToken* cancel) {
  for (int attempt = 1;; ++attempt) {
    M3U_TRY(snapshots::DraftFile* const target, draft.create(file.name));
    M3U_CHECK(objects_->get(folder + file.name, *target, cancel));
    if (target->written() == file.bytes && target->hash() == file.hash) return {};
    const std::uint64_t written = target->written();
    M3U_CHECK(draft.remove(file.name));
    if (attempt == kTries)
      return fail(ErrorCode::kParse,
                  fmt::format("{}: {}{} is damaged: {} bytes of {} came, or others than were put",
                              place(), folder, file.name, written, file.bytes));
  }
}

std::uint64_t Depot::bytes_to_get(const snapshots::Manifest& manifest,
                                  const snapshots::SnapshotFolder& into) {
  const auto others = there(into);
  std::uint64_t bytes = 0;
  for (const snapshots::SnapshotFile& file : manifest.files)
    if (!owner_of(file, others)) bytes += file.bytes;
  return bytes;
}

Result<> Depot::get(const Shelf& shelf, std::string_view name,
                    const snapshots::SnapshotFolder& into, const CancelToken* cancel) {
  M3U_TRY(const snapshots::Manifest manifest, this->manifest(shelf, name));
  M3U_TRY(const auto reserved, budget_.reserve(memory::Tag::kSnapshot, kTransfer));
  const std::string folder = folder_of(shelf, name);
  const auto others = there(into);
  M3U_TRY(const auto draft, into.begin());
  for (const snapshots::SnapshotFile& file : manifest.files) {
    if (const auto same = owner_of(file, others); same && draft->share(*same, file.name)) continue;
    M3U_CHECK(get_file(folder, file, *draft, cancel));
  }
  for (const auto& [key, value] : manifest.notes) draft->note(key, value);
  return draft->commit(name);
}

Result<> Depot::remove(const Shelf& shelf, std::string_view name) {
  const std::string folder = folder_of(shelf, name);
  M3U_CHECK(objects_->remove(folder + std::string(kManifest)));
  M3U_TRY(const auto rest, objects_->list(folder));
  for (const objects::StoredObject& object : rest) M3U_CHECK(objects_->remove(object.key));
  return {};
}

Result<std::size_t> Depot::keep_only(std::string_view kind,
                                     const std::map<Shelf, std::set<std::string>>& named,
                                     std::int64_t before) {
  struct Found {
    Shelf shelf;
    std::string name;
    bool operator<(const Found& other) const {
      return std::tie(shelf, name) < std::tie(other.shelf, other.name);
    }
  };
  M3U_TRY(const auto objects, objects_->list(fmt::format("{}/", kind)));
  std::map<Found, std::int64_t> newest;
  for (const objects::StoredObject& object : objects) {
    const std::size_t shelf_end = object.key.find('/', kind.size() + 1);
    if (shelf_end == std::string::npos) continue;
    const std::size_t name_end = object.key.find('/', shelf_end + 1);
    if (name_end == std::string::npos) continue;
    std::int64_t& written =
        newest[{.shelf = object.key.substr(0, shelf_end),
                .name = object.key.substr(shelf_end + 1, name_end - shelf_end - 1)}];
    written = std::max(written, object.written);
  }
  std::size_t removed = 0;
  Result<> failed;
  for (const auto& [found, written] : newest) {
    const auto shelf = named.find(found.shelf);
    if (written >= before || (shelf != named.end() && shelf->second.contains(found.name))) continue;
    if (const auto done = remove(found.shelf, found.name); done)
      ++removed;
    else if (failed)
      failed = done;
    if (!failed && failed.error().code == ErrorCode::kCancelled) break;
  }
  M3U_CHECK(failed);
  return removed;
}

}  // namespace m3u_proxy::depot
