#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/entities/generation_diff.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

namespace m3u_proxy::api {
namespace {

using catalog::ChannelField;

struct ShownField {
  std::string_view name;
  ChannelField field;
};
constexpr std::array<ShownField, 6> kShown = {{{"number", ChannelField::kTvgChno},
                                               {"name", ChannelField::kChannelName},
                                               {"group", ChannelField::kGroupTitle},
                                               {"logo", ChannelField::kTvgLogo},
                                               {"guide_id", ChannelField::kTvgId},
                                               {"url", ChannelField::kStreamUrl}}};

/// What is only told of where it differs.
constexpr std::array<ShownField, 2> kMore = {
    {{"tvg_name", ChannelField::kTvgName}, {"tvg_shift", ChannelField::kTvgShift}}};
constexpr std::size_t kLongestValue = 500;

/// One generation's channels, and the one that was looked at last.
class Side {
 public:
  Side(std::shared_ptr<const snapshots::Lineup> lineup, runtime::Process& process)
      : lineup_(std::move(lineup)), buffer_(process.budget()), batch_(process.slabs()) {}

  [[nodiscard]] const snapshots::Lineup& lineup() const { return *lineup_; }
  Result<> go_to(std::uint64_t row) {
    M3U_TRY(const std::uint64_t first, lineup_->load(row, buffer_, batch_));
    row_ = static_cast<std::size_t>(row - first);
    return {};
  }
  [[nodiscard]] std::string_view text(const ShownField& shown) const {
    return batch_.text(shown.field, row_);
  }
  [[nodiscard]] std::span<const std::string_view> directives() const {
    return batch_.directives(row_);
  }
  [[nodiscard]] std::string_view duration() const { return batch_.duration(row_); }
  /// What has no field of its own, by its key.
  [[nodiscard]] std::map<std::string, std::string> attributes() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, value] : batch_.attributes(row_))
      all.emplace(fmt::format("attributes.{}", key), value);
    return all;
  }

 private:
  std::shared_ptr<const snapshots::Lineup> lineup_;
  snapshots::BlockBuffer buffer_;
  catalog::ChannelBatch batch_;
  std::size_t row_ = 0;
};

/// As it is shown to everybody.
std::string shown_text(const Side& side, const ShownField& shown) {
  const std::string_view value = side.text(shown);
  return shown.field == ChannelField::kStreamUrl ? redact_url(value) : std::string(value);
}

/// The fields of a channel; of a changed one those that differ from `other`. An address of which
/// only hidden parts differ is in both, and looks the same.
void write_fields(Json& json, std::string_view name, const Side& side, const Side* other) {
  json.key(name).begin_object();
  for (const ShownField& shown : kShown)
    if (other == nullptr ? !side.text(shown).empty() : side.text(shown) != other->text(shown))
      json.member(shown.name, std::string_view(shown_text(side, shown)));
  if (other == nullptr) {
    json.end_object();
    return;
  }
  for (const ShownField& shown : kMore)
    if (side.text(shown) != other->text(shown)) json.member(shown.name, side.text(shown));
  if (side.duration() != other->duration()) json.member("duration", side.duration());
  const auto opposite = other->attributes();
  for (const auto& [key, value] : side.attributes()) {
    const auto same = opposite.find(key);
    if (same == opposite.end() || same->second != value)
      json.member(key, std::string_view(excerpt(redact_urls_in(value), kLongestValue)));
  }
  // Such lines may hold keys and logins: what they say is not shown.
  if (!std::ranges::equal(side.directives(), other->directives()))
    json.member("directives", std::string_view(fmt::format("{} lines", side.directives().size())));
  json.end_object();
}

Result<> write_difference(Json& json, snapshots::ChannelChange change,
                          const snapshots::LineupId& id, Side& older, Side& newer) {
  using enum snapshots::ChannelChange;
  Side& own = change == kRemoved ? older : newer;
  M3U_CHECK(own.go_to(id.row));
  if (change == kChanged) {
    M3U_TRY(const auto before, older.lineup().find(id.id));
    if (before) M3U_CHECK(older.go_to(before->row));
  }
  constexpr std::array<std::string_view, 3> kWords = {"added", "removed", "changed"};
  json.begin_object().member("change", kWords[static_cast<std::size_t>(change)]);
  id_member(json, "id", id.id);
  json.member("name", own.text(kShown[1]));
  if (change != kAdded) write_fields(json, "before", older, change == kChanged ? &newer : nullptr);
  if (change != kRemoved) write_fields(json, "after", newer, change == kChanged ? &older : nullptr);
  json.end_object();
  return {};
}

}  // namespace

Result<std::string> diff_json(const jobs::Generator& generator, runtime::Process& process,
                              const DiffRequest& request, const CancelToken* cancel) {
  const auto open = [&](std::int64_t number) -> Result<std::shared_ptr<const snapshots::Lineup>> {
    M3U_TRY(auto snapshot, generator.open(request.proxy, number));
    return snapshots::Lineup::open(std::move(snapshot), snapshots::kLineupFile, process.budget());
  };
  M3U_TRY(auto from, open(request.from));
  M3U_TRY(auto to, open(request.to));
  Side older(std::move(from), process);
  Side newer(std::move(to), process);
  std::string list;
  Json listed(list);
  listed.begin_array();
  std::uint64_t count = 0;
  const auto on_change = [&](snapshots::ChannelChange change,
                             const snapshots::LineupId& id) -> Result<> {
    if (count++ < request.skip || count > request.skip + request.limit) return {};
    return write_difference(listed, change, id, older, newer);
  };
  M3U_TRY(const auto difference, snapshots::Lineup::compare(older.lineup(), newer.lineup(),
                                                            process.budget(), on_change, cancel));
  listed.end_array();
  std::string text;
  Json json(text);
  json.begin_object()
      .member("from", request.from)
      .member("to", request.to)
      .member("added", difference.added)
      .member("removed", difference.removed)
      .member("changed", difference.changed)
      .key("items")
      .raw(list)
      .key("next_cursor");
  if (count > request.skip + request.limit)
    json.value(std::string_view(std::to_string(request.skip + request.limit)));
  else
    json.null();
  json.end_object();
  return text;
}

}  // namespace m3u_proxy::api
