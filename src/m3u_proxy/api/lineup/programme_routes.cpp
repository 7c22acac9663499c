#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/lineup/programme_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using Generation = PublishedData::Generation;
using snapshots::ProgrammeEntry;

constexpr std::size_t kMostChannels = 100;
constexpr std::size_t kMostProgrammes = 5000;
constexpr std::int64_t kDay = std::int64_t{24} * 3600;
constexpr std::int64_t kLongestWindow = 14 * kDay;
constexpr std::chrono::milliseconds kSearchTime{60};
constexpr std::size_t kLongestSearch = 200;
/// What an element's text may become as JSON, at most in practice.
constexpr std::uint64_t kGrowth = 2;

Outcome<std::int64_t> query_time(const http::Request& request, std::string_view name,
                                 std::int64_t otherwise) {
  const auto text = http::query_value(request.query, name);
  if (!text) return otherwise;
  const auto seconds = parse_date(*text);
  if (!seconds)
    return field_problem(std::string(name), "invalid", fmt::format("{} is no moment", name),
                         "write it as 2026-12-31T23:59:59Z");
  return *seconds;
}

class Programmes {
 public:
  Programmes(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer grid(Call& call);
  Answer search(Call& call);

 private:
  Outcome<std::vector<queries::ChannelItem>> channels_of(const http::Request& request,
                                                         const queries::OpenGeneration& of);
  [[nodiscard]] std::int64_t now() const { return store::seconds_of(context_.clock()); }

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

/// Those that `channels` names, or `count` from `row` on.
Outcome<std::vector<queries::ChannelItem>> Programmes::channels_of(
    const http::Request& request, const queries::OpenGeneration& of) {
  const snapshots::Lineup& lineup = *of.lineup.lineup;
  if (const auto list = http::query_value(request.query, "channels")) {
    std::vector<queries::ChannelItem> items;
    for (std::string_view rest = *list; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const auto id = parse_uuid(trim(rest.substr(0, end)));
      if (!id || items.size() == kMostChannels)
        return field_problem("channels", "invalid",
                             fmt::format("channels are up to {} ids with commas", kMostChannels));
      M3U_TRY(auto item, data_->channels().find(lineup, *id));
      // A channel that is gone meanwhile is left out.
      if (item) items.push_back(*std::move(item));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return items;
  }
  M3U_TRY(const std::int64_t row, query_number(request, "row", 0, UINT32_MAX, 0));
  M3U_TRY(const std::int64_t count,
          query_number(request, "count", 1, static_cast<std::int64_t>(kMostChannels), 50));
  std::vector<std::uint32_t> rows;
  for (auto at = static_cast<std::uint64_t>(row);
       at < lineup.rows() && rows.size() < static_cast<std::size_t>(count); ++at)
    rows.push_back(static_cast<std::uint32_t>(at));
  M3U_TRY(auto items, data_->channels().items(lineup, rows));
  return items;
}

Answer Programmes::grid(Call& call) {
  M3U_TRY(const Uuid proxy, path_id(call.request));
  M3U_TRY(const std::int64_t start, query_time(call.request, "start", now()));
  M3U_TRY(const std::int64_t stop, query_time(call.request, "stop", start + kDay));
  if (stop <= start || stop - start > kLongestWindow)
    return field_problem("stop", "range", "stop is after start, by 14 days at most");
  M3U_TRY(const Generation generation, data_->current(proxy));
  M3U_TRY(const auto items, channels_of(call.request, *generation));
  std::vector<ProgrammeEntry> places;
  std::vector<std::size_t> ends;
  std::uint64_t bytes = 0;
  for (const queries::ChannelItem& item : items) {
    if (generation->programmes && !item.guide_id.empty())
      M3U_CHECK(generation->programmes->between(item.guide_id, start, stop,
                                                kMostProgrammes - places.size(), places));
    ends.push_back(places.size());
  }
  for (const ProgrammeEntry& place : places) bytes += place.size;
  M3U_TRY(memory::Reservation room,
          context_.process.budget().reserve(memory::Tag::kHttp, Bytes{bytes * kGrowth}));
  std::string text;
  Json json(text);
  json.begin_object()
      .member("generation", generation->lineup.generation)
      .member("start", std::string_view(format_rfc3339(start)))
      .member("stop", std::string_view(format_rfc3339(stop)))
      .member("is_whole", places.size() < kMostProgrammes)
      .key("items")
      .begin_array();
  std::size_t at = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    json.begin_object();
    id_member(json, "channel", items[i].id);
    json.member("row", items[i].row)
        .member("name", std::string_view(items[i].name))
        .member("guide_id", std::string_view(items[i].guide_id))
        .key("programmes")
        .begin_array();
    for (; at < ends[i]; ++at) {
      M3U_TRY(const snapshots::Programme programme, generation->programmes->read(places[at]));
      write_programme(json, programme, ProgrammeDetail::kWhole);
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  http::Response response = json_answer(std::move(text));
  response.reservation = std::move(room);
  return response;
}

Answer Programmes::search(Call& call) {
  const http::Request& request = call.request;
  M3U_TRY(const Uuid proxy, path_id(request));
  const std::string wanted = http::query_value(request.query, "q").value_or("");
  if (wanted.empty() || wanted.size() > kLongestSearch)
    return field_problem("q", "required", "q is a part of a title, of 1 to 200 bytes");
  M3U_TRY(const std::int64_t limit, query_number(request, "limit", 1, 200, 50));
  M3U_TRY(const std::int64_t since, query_time(request, "from_time", now()));
  M3U_TRY(const Generation generation, data_->current(proxy));
  std::uint64_t from = 0;
  if (const auto text = http::query_value(request.query, "cursor")) {
    const auto cursor = parse_cursor(*text);
    if (!cursor) return field_problem("cursor", "invalid", "the cursor is none of ours");
    // The guide of another generation is another list: it begins anew.
    if (cursor->generation == generation->lineup.generation) from = cursor->from;
  }
  std::vector<ProgrammeEntry> found;
  std::uint64_t next = 0;
  std::uint64_t end = 0;
  if (generation->programmes) {
    end = generation->programmes->programmes();
    const auto stop = [until = std::chrono::steady_clock::now() + kSearchTime, &call] {
      return std::chrono::steady_clock::now() >= until || call.gone();
    };
    M3U_TRY(next, generation->programmes->search(
                      folded(wanted), from, stop,
                      [&](std::uint64_t /*number*/, const ProgrammeEntry& place) {
                        if (place.start + std::max<std::int64_t>(place.seconds, 1) > since)
                          found.push_back(place);
                        return found.size() < static_cast<std::size_t>(limit);
                      }));
  }
  std::string text;
  Json json(text);
  json.begin_object()
      .member("generation", generation->lineup.generation)
      .key("items")
      .begin_array();
  for (const ProgrammeEntry& place : found) {
    M3U_TRY(const snapshots::Programme programme, generation->programmes->read(place));
    json.begin_object().member("guide_id", std::string_view(programme.channel)).key("programme");
    write_programme(json, programme, ProgrammeDetail::kWhole);
    json.end_object();
  }
  json.end_array().key("next_cursor");
  if (next < end)
    json.value(std::string_view(
        to_string(Cursor{.generation = generation->lineup.generation, .from = next})));
  else
    json.null();
  json.end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_programme_routes(Operations& operations, const ApiContext& context,
                              const std::shared_ptr<PublishedData>& data) {
  const auto programmes = std::make_shared<Programmes>(context, data);
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/proxies/{id}/programmes",
                           {.id = "listProgrammes", .pace = Pace::kScan},
                           [programmes](Call& call) { return programmes->grid(call); }));
  return operations.add(kGet, "/proxies/{id}/programmes/search",
                        {.id = "searchProgrammes", .pace = Pace::kScan},
                        [programmes](Call& call) { return programmes->search(call); });
}

}  // namespace m3u_proxy::api
