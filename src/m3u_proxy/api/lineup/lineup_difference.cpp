#include <array>
#include <optional>
#include <vector>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/lineup/lineup_difference.hpp>
#include <m3u_proxy/base/text.hpp>

namespace m3u_proxy::api {
namespace {

using queries::ChannelItem;
using snapshots::ChannelChange;
using snapshots::Lineup;

struct Found {
  ChannelChange change = ChannelChange::kAdded;
  std::optional<std::uint32_t> before{};  ///< row
  std::optional<std::uint32_t> after{};   ///< row
};

/// The fields that are in one and not the same in the other; of a new or removed channel those that
/// say something.
void write_fields(Json& json, const ChannelItem* shown, const ChannelItem* other, Role role) {
  const ChannelItem none;
  const ChannelItem& a = shown == nullptr ? none : *shown;
  const ChannelItem& b = other == nullptr ? none : *other;
  json.begin_object();
  const auto field = [&](std::string_view name, const std::string& value,
                         const std::string& opposite) {
    if (shown != nullptr && value != opposite) json.member(name, std::string_view(value));
  };
  field("number", a.number, b.number);
  field("name", a.name, b.name);
  field("group", a.group, b.group);
  field("logo", a.logo, b.logo);
  field("guide_id", a.guide_id, b.guide_id);
  field("source", a.source, b.source);
  if (role < Role::kEditor)
    field("url", redact_url(a.url), redact_url(b.url));
  else
    field("url", a.url, b.url);
  json.end_object();
}

Result<std::vector<std::optional<ChannelItem>>> read(const queries::ChannelQueries& channels,
                                                     const Lineup& lineup,
                                                     const std::vector<Found>& found,
                                                     std::optional<std::uint32_t> Found::* row) {
  std::vector<std::uint32_t> rows;
  for (const Found& one : found)
    if (one.*row) rows.push_back(*(one.*row));
  M3U_TRY(auto items, channels.items(lineup, rows));
  std::vector<std::optional<ChannelItem>> all(found.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i].*row) all[i] = std::move(items[next++]);
  return all;
}

}  // namespace

Result<Difference> find_difference(runtime::Process& process,
                                   const queries::ChannelQueries& channels,
                                   const queries::OpenGeneration& older,
                                   const queries::OpenGeneration& newer, const DiffPage& page) {
  const Lineup& before = *older.lineup.lineup;
  const Lineup& after = *newer.lineup.lineup;
  std::vector<Found> found;
  const auto on_change = [&](ChannelChange change, const snapshots::LineupId& id) -> Result<> {
    if (found.size() == page.limit) return {};
    Found one{.change = change};
    const auto row = static_cast<std::uint32_t>(id.row);
    if (change == ChannelChange::kRemoved)
      one.before = row;
    else
      one.after = row;
    if (change == ChannelChange::kChanged) {
      M3U_TRY(const auto old, before.find(id.id));
      if (old) one.before = static_cast<std::uint32_t>(old->row);
    }
    found.push_back(one);
    return {};
  };
  Difference difference;
  M3U_TRY(difference.counts, Lineup::compare(before, after, process.budget(), on_change));
  M3U_TRY(const auto olds, read(channels, before, found, &Found::before));
  M3U_TRY(const auto news, read(channels, after, found, &Found::after));
  Json json(difference.items);
  json.begin_array();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const ChannelItem* const old = olds[i] ? &*olds[i] : nullptr;
    const ChannelItem* const now = news[i] ? &*news[i] : nullptr;
    const ChannelItem& any = now != nullptr ? *now : *old;
    constexpr std::array<std::string_view, 3> kWords = {"added", "removed", "changed"};
    json.begin_object().member("change", kWords[static_cast<std::size_t>(found[i].change)]);
    id_member(json, "id", any.id);
    json.member("name", std::string_view(any.name)).key("before");
    write_fields(json, old, now, page.role);
    json.key("after");
    write_fields(json, now, old, page.role);
    json.end_object();
  }
  json.end_array();
  return difference;
}

}  // namespace m3u_proxy::api
