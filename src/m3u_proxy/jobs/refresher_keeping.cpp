// Which copies of sources stay, here and in the depot.
#include <map>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/jobs/refresher.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::string_view kShelves = "sources";

}  // namespace

depot::Shelf Refresher::shelf_of(const Uuid& source) {
  return fmt::format("{}/{}", kShelves, to_base64url(source));
}

Result<> Refresher::check_copy(const store::SourceSnapshot& row, const snapshots::Snapshot& copy) {
  {
    const std::scoped_lock lock(checked_mutex_);
    const auto known = checked_.find(row.source);
    if (known != checked_.end() && known->second.snapshot == row.id) return {};
  }
  M3U_TRY(const bool matches, copy.content_matches(kContentFile));
  const std::scoped_lock lock(checked_mutex_);
  checked_.insert_or_assign(row.source, Checked{.snapshot = row.id, .is_damaged = !matches});
  if (matches) return {};
  return fail(ErrorCode::kParse, "its content is not what was written");
}

Result<> Refresher::delete_superseded(store::Time moment) {
  M3U_TRY(const auto old, store_.snapshots().superseded_before(moment));
  for (const store::SourceSnapshot& snapshot : old) {
    M3U_TRY(const auto folder, folder_of(snapshot.source));
    M3U_CHECK(folder.remove(to_base64url(snapshot.id)));
    M3U_CHECK(store_.snapshots().forget(snapshot.id));
  }
  return {};
}

void Refresher::share(const Model& model) const {
  if (!shared_.has_depot()) return;
  for (const SourceEntry& source : model.sources) {
    const auto folder = folder_of(source.id);
    const auto rows = store_.snapshots().list(source.id);
    if (!folder || !rows) continue;
    for (const store::SourceSnapshot& row : *rows)
      if (row.state != store::SnapshotState::kSuperseded)
        shared_.put_if_here(*folder, shelf_of(source.id), to_base64url(row.id));
  }
}

Result<> Refresher::tidy_depot(const Model& model, store::Time before) const {
  if (!shared_.has_depot()) return {};
  std::map<depot::Shelf, std::set<std::string>> named;
  for (const SourceEntry& source : model.sources) {
    M3U_TRY(const auto rows, store_.snapshots().list(source.id));
    for (const store::SourceSnapshot& row : rows)
      named[shelf_of(source.id)].insert(to_base64url(row.id));
  }
  M3U_CHECK(shared_.depot()->keep_only(kShelves, named, store::seconds_of(before)));
  return {};
}

Result<> Refresher::delete_orphans(const Model& model, std::optional<store::Time> before) {
  for (const SourceEntry& source : model.sources) {
    M3U_TRY(const auto folder, folder_of(source.id));
    M3U_TRY(const auto rows, store_.snapshots().list(source.id));
    std::set<std::string> known;
    for (const store::SourceSnapshot& row : rows) known.insert(to_base64url(row.id));
    for (const std::string& name : folder.list())
      if (!known.contains(name) && (!before || made_at(folder.path() / name) < *before))
        M3U_CHECK(folder.remove(name));
  }
  return {};
}

Result<> Refresher::delete_removed(const Model& model) {
  std::set<Uuid> ids;
  for (const SourceEntry& source : model.sources) ids.insert(source.id);
  M3U_CHECK(snapshots::remove_folders_except(options_.folder / kRepliesFolder, ids));
  return snapshots::remove_folders_except(options_.folder / "sources", ids);
}

void Refresher::discard(const Uuid& source, const Uuid& snapshot) const {
  const auto rows = store_.snapshots().list(source);
  if (!rows) return;
  for (const store::SourceSnapshot& row : *rows)
    if (row.id == snapshot) return;
  if (const auto folder = folder_of(source)) (void)folder->remove(to_base64url(snapshot));
}

}  // namespace m3u_proxy::jobs
