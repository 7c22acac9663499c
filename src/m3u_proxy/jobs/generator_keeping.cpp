// Which generations stay, here and in the depot.
#include <map>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/jobs/generator.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::string_view kShelves = "generations";

}  // namespace

depot::Shelf Generator::shelf_of(const Uuid& proxy) {
  return fmt::format("{}/{}", kShelves, to_base64url(proxy));
}

/// Keeps the newest, what is served in any case, and as many that wait for a release: those do not
/// push out what one can go back to.
Result<> Generator::forget_old(const Uuid& proxy) {
  M3U_TRY(const auto rows, store_.generations().list(proxy));
  M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy));
  const std::size_t kept = options().kept;
  std::size_t candidates = 0;
  std::size_t others = 1;  // what is served
  for (const store::GenerationRow& row : rows) {
    if (row.state == store::GenerationState::kCurrent) continue;
    std::size_t& count = row.state == store::GenerationState::kCandidate ? candidates : others;
    if (++count <= kept) continue;
    M3U_CHECK(store_.generations().forget(proxy, row.number));
    M3U_CHECK(folder.remove(std::to_string(row.number)));
  }
  return {};
}

Result<> Generator::delete_orphans(const Model& model, std::optional<store::Time> before) {
  for (const ProxyEntry& proxy : model.proxies) {
    M3U_TRY(const auto rows, store_.generations().list(proxy.id));
    std::set<std::string> known;
    for (const store::GenerationRow& row : rows) known.insert(std::to_string(row.number));
    M3U_TRY(const snapshots::SnapshotFolder folder, folder_of(proxy.id));
    for (const std::string& name : forgotten(folder.list(), rows)) M3U_CHECK(folder.remove(name));
    for (const std::string& name : folder.list())
      if (!known.contains(name) && (!before || made_at(folder.path() / name) < *before))
        M3U_CHECK(folder.remove(name));
  }
  return {};
}

void Generator::share(const Model& model) const {
  if (!shared_.has_depot()) return;
  for (const ProxyEntry& proxy : model.proxies) {
    const auto folder = folder_of(proxy.id);
    const auto rows = store_.generations().list(proxy.id);
    if (!folder || !rows) continue;
    for (const store::GenerationRow& row : *rows)
      shared_.put_if_here(*folder, shelf_of(proxy.id), std::to_string(row.number));
  }
}

Result<> Generator::tidy_depot(const Model& model, store::Time before) const {
  if (!shared_.has_depot()) return {};
  std::map<depot::Shelf, std::set<std::string>> named;
  for (const ProxyEntry& proxy : model.proxies) {
    M3U_TRY(const auto rows, store_.generations().list(proxy.id));
    for (const store::GenerationRow& row : rows)
      named[shelf_of(proxy.id)].insert(std::to_string(row.number));
  }
  M3U_CHECK(shared_.depot()->keep_only(kShelves, named, store::seconds_of(before)));
  return {};
}

Result<> Generator::delete_removed(const Model& model) {
  std::set<Uuid> ids;
  for (const ProxyEntry& proxy : model.proxies) ids.insert(proxy.id);
  M3U_CHECK(edits_.delete_removed(model));
  return snapshots::remove_folders_except(options_.folder / "generations", ids);
}

void Generator::discard(const Uuid& proxy, std::int64_t number) const {
  const auto row = store_.generations().get(proxy, number);
  if (row || row.error().code != ErrorCode::kNotFound) return;
  if (const auto folder = folder_of(proxy)) (void)folder->remove(std::to_string(number));
}

}  // namespace m3u_proxy::jobs
