#include <array>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/daemon/generation_diff.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

namespace m3u_proxy::daemon {
namespace {

using Json = JsonWriter<std::string>;

constexpr std::size_t kMostDifferences = 1000;

}  // namespace

Result<std::string> compare_generations(const jobs::Generator& generator, runtime::Process& process,
                                        const Uuid& proxy, std::int64_t from, std::int64_t to,
                                        const CancelToken* cancel) {
  const auto open = [&](std::int64_t number) -> Result<std::shared_ptr<const snapshots::Lineup>> {
    M3U_TRY(auto snapshot, generator.open(proxy, number));
    return snapshots::Lineup::open(std::move(snapshot), snapshots::kLineupFile, process.budget());
  };
  M3U_TRY(const auto older, open(from));
  M3U_TRY(const auto newer, open(to));
  std::string list;
  Json listed(list);
  listed.begin_array();
  std::size_t count = 0;
  snapshots::BlockBuffer buffer(process.budget());
  catalog::ChannelBatch batch(process.slabs());
  const auto on_change = [&](snapshots::ChannelChange change,
                             const snapshots::LineupId& id) -> Result<> {
    if (++count > kMostDifferences) return {};
    const bool removed = change == snapshots::ChannelChange::kRemoved;
    M3U_TRY(const std::uint64_t first, (removed ? older : newer)->load(id.row, buffer, batch));
    const auto row = static_cast<std::size_t>(id.row - first);
    constexpr std::array<std::string_view, 3> kWords = {"added", "removed", "changed"};
    listed.begin_object()
        .member("change", kWords[static_cast<std::size_t>(change)])
        .member("id", std::string_view(to_base64url(id.id)))
        .member("name", batch.text(catalog::ChannelField::kChannelName, row))
        .member("number", batch.text(catalog::ChannelField::kTvgChno, row))
        .end_object();
    return {};
  };
  M3U_TRY(const auto difference,
          snapshots::Lineup::compare(*older, *newer, process.budget(), on_change, cancel));
  listed.end_array();
  std::string text;
  Json(text)
      .begin_object()
      .member("from", from)
      .member("to", to)
      .member("added", difference.added)
      .member("removed", difference.removed)
      .member("changed", difference.changed)
      .key("channels")
      .raw(list)
      .end_object();
  return text;
}

}  // namespace m3u_proxy::daemon
