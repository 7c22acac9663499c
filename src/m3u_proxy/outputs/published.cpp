#include <algorithm>

#include <fcntl.h>

#include <m3u_proxy/outputs/published.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::outputs {
namespace {

using snapshots::kGuideFile;
using snapshots::kLineupFile;
using snapshots::kPlaylistFile;

/// The counts are small, so they are compared with their hash before they are used.
Result<std::vector<PlaceCount>> read_places(const snapshots::Snapshot& snapshot,
                                            std::string_view name) {
  const io::Descriptor* const file = snapshot.file(name);
  if (file == nullptr) return std::vector<PlaceCount>();
  M3U_TRY(const bool right, snapshot.content_matches(name));
  if (!right) return fail(ErrorCode::kParse, (snapshot.path() / name).string() + " is damaged");
  std::string bytes(static_cast<std::size_t>(snapshot.manifest().find(name)->bytes), '\0');
  for (std::size_t read = 0; read < bytes.size();) {
    M3U_TRY(const std::size_t size,
            io::read_some_at(file->get(), read, std::span(bytes).subspan(read),
                             "cannot read a snapshot"));
    if (size == 0) return fail(ErrorCode::kIo, "a snapshot has become shorter");
    read += size;
  }
  return snapshots::parse_counts(bytes);
}

}  // namespace

Result<std::shared_ptr<PublishedProxy>> PublishedProxy::make(
    Uuid id, std::string name, std::shared_ptr<const snapshots::Snapshot> snapshot,
    std::vector<std::shared_ptr<const snapshots::Snapshot>> older, std::int64_t made) {
  const auto proxy = std::make_shared<PublishedProxy>();
  proxy->id_ = id;
  proxy->name_ = std::move(name);
  proxy->made_ = made;
  if (!snapshot) return proxy;
  for (const snapshots::SnapshotFile& file : snapshot->manifest().files) {
    if (file.name != kPlaylistFile && file.name != kGuideFile) continue;
    io::Descriptor own(::fcntl(snapshot->file(file.name)->get(), F_DUPFD_CLOEXEC, 0));
    if (!own.valid()) return fail(system_error("cannot open a snapshot", errno));
    M3U_TRY(auto places, read_places(*snapshot, snapshots::places_of(file.name)));
    proxy->files_.emplace(
        file.name,
        PublishedFile{
            .descriptor = std::make_shared<const io::Descriptor>(std::move(own)),
            .bytes = file.bytes,
            .hash = file.hash,
            .places = std::make_shared<const std::vector<PlaceCount>>(std::move(places))});
  }
  proxy->lineups_.push_back({.snapshot = snapshot, .lineup = nullptr});
  for (auto& other : older)
    proxy->lineups_.push_back({.snapshot = std::move(other), .lineup = nullptr});
  proxy->snapshot_ = std::move(snapshot);
  return proxy;
}

const PublishedFile* PublishedProxy::file(std::string_view name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : &found->second;
}

Result<std::shared_ptr<const snapshots::Lineup>> PublishedProxy::lineup(std::size_t index,
                                                                        memory::Budget& budget) {
  const std::scoped_lock lock(mutex_);
  OpenLineup& entry = lineups_[index];
  if (!entry.lineup) {
    M3U_TRY(entry.lineup, snapshots::Lineup::open(entry.snapshot, kLineupFile, budget));
  }
  return entry.lineup;
}

Result<std::optional<std::string>> PublishedProxy::stream_address(const Uuid& channel,
                                                                  memory::Budget& budget,
                                                                  memory::SlabPool& slabs) {
  return field_of(channel, catalog::ChannelField::kStreamUrl, budget, slabs);
}

Result<std::optional<std::string>> PublishedProxy::logo_address(const Uuid& channel,
                                                                memory::Budget& budget,
                                                                memory::SlabPool& slabs) {
  return field_of(channel, catalog::ChannelField::kTvgLogo, budget, slabs);
}

/// From the newest generation that has the channel.
Result<std::optional<std::string>> PublishedProxy::field_of(const Uuid& channel,
                                                            catalog::ChannelField field,
                                                            memory::Budget& budget,
                                                            memory::SlabPool& slabs) {
  for (std::size_t i = 0; i < lineups_.size(); ++i) {
    M3U_TRY(const auto channels, lineup(i, budget));
    M3U_TRY(const auto found, channels->find(channel));
    if (!found) continue;
    snapshots::BlockBuffer buffer(budget);
    catalog::ChannelBatch batch(slabs);
    M3U_TRY(const std::uint64_t first, channels->load(found->row, buffer, batch));
    return std::string(batch.text(field, static_cast<std::size_t>(found->row - first)));
  }
  return std::nullopt;
}

void Published::replace(std::vector<std::shared_ptr<PublishedProxy>> proxies, Doors doors) {
  const auto next = std::make_shared<State>();
  for (auto& proxy : proxies) {
    const Uuid id = proxy->id();
    next->proxies.emplace(id, std::move(proxy));
  }
  next->doors = std::move(doors);
  {
    const std::scoped_lock lock(mutex_);
    state_ = next;
  }
  const std::scoped_lock lock(telling_);
  if (told_) told_();
}

void Published::when_replaced(std::function<void()> told) {
  const std::scoped_lock lock(telling_);
  told_ = std::move(told);
}

std::shared_ptr<const Published::State> Published::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

std::shared_ptr<PublishedProxy> Published::find(std::string_view door) const {
  const auto current = state();
  auto found = current->doors.by_name.find(door);
  if (found == current->doors.by_name.end()) {
    const auto hash = store::hash_token(door);
    if (!hash) return nullptr;
    found = current->doors.by_token_hash.find(*hash);
    if (found == current->doors.by_token_hash.end()) return nullptr;
    const auto end = current->doors.ends.find(*hash);
    if (end != current->doors.ends.end() && end->second <= std::chrono::system_clock::now())
      return nullptr;
  }
  const auto proxy = current->proxies.find(found->second);
  return proxy == current->proxies.end() ? nullptr : proxy->second;
}

std::shared_ptr<PublishedProxy> Published::of(const Uuid& id) const {
  const auto current = state();
  const auto found = current->proxies.find(id);
  return found == current->proxies.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<PublishedProxy>> Published::all() const {
  const auto current = state();
  std::vector<std::shared_ptr<PublishedProxy>> proxies;
  for (const auto& [id, proxy] : current->proxies) proxies.push_back(proxy);
  return proxies;
}

}  // namespace m3u_proxy::outputs
