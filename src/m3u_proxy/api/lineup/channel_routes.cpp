#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/lineup/channel_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::api {
namespace {

using queries::ChannelItem;
using queries::ChannelMatcher;
using queries::ChannelQuery;
using queries::GuideChoice;
using Generation = PublishedData::Generation;

/// After this a page has what was found until then.
constexpr std::chrono::milliseconds kPageTime{60};
constexpr std::size_t kLongestSearch = 200;
constexpr std::int64_t kMostFrom = UINT32_MAX;
constexpr std::int64_t kMostGroups = 10'000;
constexpr std::int64_t kDay = std::int64_t{24} * 3600;

queries::Stop after(std::chrono::milliseconds time) {
  return [end = std::chrono::steady_clock::now() + time] {
    return std::chrono::steady_clock::now() >= end;
  };
}

class Channels {
 public:
  Channels(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer list(Call& call);
  Answer one(Call& call);
  Answer groups(Call& call);

 private:
  Outcome<ChannelQuery> query_of(const http::Request& request, const Uuid& proxy);
  Outcome<void> add_programmes(const queries::OpenGeneration& generation, const ChannelItem& item,
                               ChannelExtras& extras) const;
  Outcome<std::string> write(const queries::OpenGeneration& generation,
                             const queries::ChannelPage& page, bool with_programmes,
                             const Principal& principal);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

Outcome<void> read_sort(const http::Request& request, ChannelQuery& query) {
  std::string sort = http::query_value(request.query, "sort").value_or("");
  query.descending = sort.starts_with('-');
  if (query.descending) sort.erase(0, 1);
  const auto column = queries::sort_of(sort);
  if (!column)
    return field_problem("sort", "invalid", fmt::format("\"{}\" is no column", excerpt(sort)),
                         "number, name, group, source or guide_id, with - for the other way round");
  query.sort = *column;
  return {};
}

Outcome<ChannelQuery> Channels::query_of(const http::Request& request, const Uuid& proxy) {
  const auto value = [&](std::string_view name) { return http::query_value(request.query, name); };
  ChannelQuery query{.search = value("q").value_or(""),
                     .filter = value("filter").value_or(""),
                     .group = value("group")};
  if (query.search.size() > kLongestSearch)
    return field_problem("q", "too_long", fmt::format("q is longer than {} bytes", kLongestSearch));
  M3U_CHECK(read_sort(request, query));
  const std::string guide = value("guide").value_or("any");
  if (guide != "any" && guide != "with" && guide != "without")
    return field_problem("guide", "invalid", "guide is with, without or any");
  if (guide != "any") query.guide = guide == "with" ? GuideChoice::kWith : GuideChoice::kWithout;
  if (value("edited")) {
    M3U_TRY(query.edited, query_flag(request, "edited"));
    M3U_TRY(query.edits, data_->edited(proxy));
  }
  return query;
}

Outcome<void> Channels::add_programmes(const queries::OpenGeneration& generation,
                                       const ChannelItem& item, ChannelExtras& extras) const {
  extras.with_programmes = true;
  if (!generation.programmes || item.guide_id.empty()) return {};
  const std::int64_t now = store::seconds_of(context_.clock());
  std::vector<snapshots::ProgrammeEntry> places;
  M3U_CHECK(generation.programmes->between(item.guide_id, now, now + kDay, 2, places));
  for (const snapshots::ProgrammeEntry& place : places) {
    M3U_TRY(snapshots::Programme programme, generation.programmes->read(place));
    if (place.start <= now)
      extras.now = std::move(programme);
    else if (!extras.next)
      extras.next = std::move(programme);
  }
  return {};
}

Outcome<std::string> Channels::write(const queries::OpenGeneration& generation,
                                     const queries::ChannelPage& page, bool with_programmes,
                                     const Principal& principal) {
  M3U_TRY(const PublishedData::Ids edited, data_->edited(generation.lineup.proxy));
  const auto row =
      context_.store.generations().get(generation.lineup.proxy, generation.lineup.generation);
  std::string text;
  Json json(text);
  json.begin_object()
      .member("generation", generation.lineup.generation)
      .member("settings_revision", row ? row->settings_revision : 0)
      .member("from", page.from)
      .member("total", page.total)
      .member("total_is_exact", page.total_is_exact)
      .key("items")
      .begin_array();
  for (const ChannelItem& item : page.items) {
    ChannelExtras extras{.edited = std::ranges::binary_search(*edited, item.id)};
    if (with_programmes) M3U_CHECK(add_programmes(generation, item, extras));
    write_channel(json, item, extras, principal.role);
  }
  json.end_array().key("next_cursor");
  if (page.more)
    json.value(std::string_view(to_string(Cursor{.generation = generation.lineup.generation,
                                                 .from = page.from + page.items.size()})));
  else
    json.null();
  json.end_object();
  return text;
}

Answer Channels::list(Call& call) {
  const http::Request& request = call.request;
  M3U_TRY(const Uuid proxy, path_id(request));
  M3U_TRY(const ChannelQuery query, query_of(request, proxy));
  M3U_TRY(const bool with_programmes, query_flag(request, "now"));
  M3U_TRY(const std::int64_t limit,
          query_number(request, "limit", 1, queries::ChannelQueries::kMostItems, 100));
  M3U_TRY(const std::int64_t from, query_number(request, "from", 0, kMostFrom, 0));
  queries::ChannelQueries::Place place{.from = static_cast<std::uint64_t>(from),
                                       .limit = static_cast<std::size_t>(limit)};
  M3U_TRY(Generation generation, data_->current(proxy));
  if (const auto text = http::query_value(request.query, "cursor")) {
    const auto cursor = parse_cursor(*text);
    if (!cursor) return field_problem("cursor", "invalid", "the cursor is none of ours");
    place.from = cursor->from;
    // A list that was begun goes on with the generation that it began with, while that is kept.
    if (cursor->generation != generation->lineup.generation) {
      auto older = data_->open(proxy, cursor->generation);
      if (!older)
        return problem(409, "the list that this cursor is of is not kept any more",
                       "begin with the first page");
      generation = *std::move(older);
    }
  }
  std::shared_ptr<const snapshots::GuideKeys> keys;
  if (query.guide != GuideChoice::kAny && generation->programmes) {
    M3U_TRY(keys, generation->programmes->keys());
  }
  const auto matcher =
      ChannelMatcher::compile(query, std::move(keys), {.now = store::seconds_of(context_.clock())});
  if (!matcher) return expression_problem("filter", query.filter, matcher.error());
  M3U_TRY(const queries::ChannelPage page,
          data_->channels().page(generation->lineup, query, *matcher, place, after(kPageTime),
                                 call.gone));
  M3U_TRY(std::string text, write(*generation, page, with_programmes, call.principal));
  if (page.unfinished) data_->go_on(page.unfinished);
  return json_answer(std::move(text));
}

Answer Channels::one(Call& call) {
  M3U_TRY(const Uuid proxy, path_id(call.request));
  M3U_TRY(const Uuid channel, path_id(call.request, "channel"));
  M3U_TRY(const Generation generation, data_->current(proxy));
  M3U_TRY(const auto item, data_->channels().find(*generation->lineup.lineup, channel));
  if (!item)
    return problem(404, "no channel of this id is published",
                   "explain says why: GET …/explain?channel=ID");
  M3U_TRY(const PublishedData::Ids edited, data_->edited(proxy));
  ChannelExtras extras{.edited = std::ranges::binary_search(*edited, channel)};
  M3U_CHECK(add_programmes(*generation, *item, extras));
  std::string text;
  Json json(text);
  write_channel(json, *item, extras, call.principal.role);
  return json_answer(std::move(text));
}

Answer Channels::groups(Call& call) {
  M3U_TRY(const Uuid proxy, path_id(call.request));
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMostGroups, 1000));
  const std::string search = http::query_value(call.request.query, "q").value_or("");
  M3U_TRY(const Generation generation, data_->current(proxy));
  M3U_TRY(const auto groups, data_->channels().groups(generation->lineup, search,
                                                      static_cast<std::size_t>(limit), call.gone));
  std::string text;
  Json json(text);
  json.begin_object()
      .member("generation", generation->lineup.generation)
      .key("items")
      .begin_array();
  for (const queries::GroupCount& group : groups)
    json.begin_object()
        .member("name", std::string_view(group.name))
        .member("count", group.channels)
        .end_object();
  json.end_array().end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_channel_routes(Operations& operations, const ApiContext& context,
                            const std::shared_ptr<PublishedData>& data) {
  const auto channels = std::make_shared<Channels>(context, data);
  using enum http::Method;
  M3U_CHECK(operations.add(kGet, "/proxies/{id}/channels",
                           {.id = "listChannels", .pace = Pace::kScan},
                           [channels](Call& call) { return channels->list(call); }));
  M3U_CHECK(operations.add(kGet, "/proxies/{id}/channels/{channel}", {.id = "getChannel"},
                           [channels](Call& call) { return channels->one(call); }));
  return operations.add(kGet, "/proxies/{id}/groups", {.id = "listGroups", .pace = Pace::kScan},
                        [channels](Call& call) { return channels->groups(call); });
}

}  // namespace m3u_proxy::api
