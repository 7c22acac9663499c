#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/edits/bulk_rule.hpp>
#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/api/edits/edit_routes.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/channels/number_set.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using queries::ChannelMatcher;
using queries::ChannelQueries;
using queries::ChannelQuery;

constexpr std::size_t kMostEdits = 1000;  ///< more channels become a rule
constexpr std::size_t kLongestFilter = 65'536;
/// Before and after of the edits, and the answer.
constexpr Bytes kRoom{4 * store::ChannelEdits::kMostText};
/// What can be the same for many channels.
constexpr std::array<std::string_view, 4> kForMany = {"group", "logo", "guide_id", "hidden"};

/// The channels that a filter is true for, as they are published.
struct Meant {
  std::uint64_t count = 0;
  std::vector<Uuid> channels{};  ///< each once; empty where there are more than kMostEdits
};

struct BulkRequest {
  std::optional<Uuid> proxy{};
  std::string filter{};
  edits::ChannelEdit set{};
  bool is_dry = false;
};

class BulkEdits {
 public:
  BulkEdits(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer bulk(Call& call);
  Answer renumber(Call& call);

 private:
  /// What is made of each stored edit.
  using MakeEdit = std::function<void(std::size_t index, edits::ChannelEdit& edit)>;
  struct Many {
    std::string_view action{};
    std::optional<Uuid> proxy{};
    std::vector<Uuid> channels{};
    MakeEdit make{};
    bool is_dry = false;
  };
  Outcome<BulkRequest> read(const Call& call) const;
  Outcome<Meant> find(const Call& call, const BulkRequest& wanted);
  Outcome<void> add(const Call& call, const PublishedData::Generation& of,
                    const ChannelQuery& query, const std::shared_ptr<const ChannelMatcher>& matcher,
                    Meant& meant);
  Answer change(const Call& call, const Many& many);
  Answer try_out(const Call& call, const Many& many);
  Answer by_rule(const Call& call, const BulkRequest& wanted, std::uint64_t count);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

Outcome<BulkRequest> BulkEdits::read(const Call& call) const {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  BulkRequest wanted;
  auto proxy = fields.text("proxy", Needed::kNo, 36);
  auto filter = fields.text("filter", Needed::kNo, kLongestFilter);
  const ConfigNode* const set = fields.table("set", Needed::kYes);
  wanted.is_dry = fields.flag("dry_run", Needed::kNo).value_or(false);
  M3U_CHECK(fields.finish());
  for (const ConfigMember& member : set->members)
    if (std::ranges::find(kForMany, member.name) == kForMany.end())
      return field_problem("set." + member.name, "unknown",
                           "this is not set for many channels at once",
                           "group, logo, guide_id and hidden are");
  M3U_TRY(wanted.set, read_edit(*set, Uuid{}, "set."));
  if (says_nothing(wanted.set))
    return field_problem("set", "empty", "set says nothing that channels become");
  if (wanted.set.hidden.value_or(false) &&
      wanted.set != edits::ChannelEdit{.channel = {}, .hidden = true})
    return field_problem("set.hidden", "invalid", "what is hidden needs nothing else",
                         "set hidden alone");
  wanted.filter = std::move(filter).value_or("");
  M3U_TRY(wanted.proxy, scope_of(context_, std::move(proxy)));
  return wanted;
}

Outcome<void> BulkEdits::add(const Call& call, const PublishedData::Generation& of,
                             const ChannelQuery& query,
                             const std::shared_ptr<const ChannelMatcher>& matcher, Meant& meant) {
  // A place behind every channel makes it look at all of them.
  M3U_TRY(const auto counted,
          data_->channels().page(of->lineup, query, matcher, {.from = UINT32_MAX, .limit = 1},
                                 call.gone, call.gone));
  if (!counted.total_is_exact) return problem(503, "the channels were not all looked at");
  meant.count += counted.total;
  if (counted.total > kMostEdits) return {};
  for (std::uint64_t from = 0; from < counted.total; from += ChannelQueries::kMostItems) {
    M3U_TRY(const auto page,
            data_->channels().page(of->lineup, query, matcher,
                                   {.from = from, .limit = ChannelQueries::kMostItems}, call.gone,
                                   call.gone));
    for (const queries::ChannelItem& item : page.items) meant.channels.push_back(item.id);
  }
  return {};
}

Outcome<Meant> BulkEdits::find(const Call& call, const BulkRequest& wanted) {
  const ChannelQuery query{.filter = wanted.filter};
  const auto matcher =
      ChannelMatcher::compile(query, nullptr, {.now = store::seconds_of(context_.clock())});
  if (!matcher) return expression_problem("filter", query.filter, matcher.error());
  const auto model = context_.conductor.model();
  Meant meant;
  if (!model) return meant;
  for (const jobs::ProxyEntry& proxy : model->proxies) {
    if (wanted.proxy && *wanted.proxy != proxy.id) continue;
    auto generation = data_->current(proxy.id);
    // Of all proxies those count that have been made.
    if (!generation && !wanted.proxy && generation.error().status == 503) continue;
    if (!generation) return std::unexpected<Problem>(std::move(generation).error());
    M3U_CHECK(add(call, *generation, query, *matcher, meant));
  }
  std::ranges::sort(meant.channels);
  const auto same = std::ranges::unique(meant.channels);
  meant.channels.erase(same.begin(), same.end());
  if (meant.count <= kMostEdits) meant.count = meant.channels.size();
  if (meant.channels.size() > kMostEdits || meant.count > kMostEdits) meant.channels.clear();
  return meant;
}

void write_changed(Json& json, const std::vector<store::ChannelEdits::Changed>& all) {
  json.key("items").begin_array();
  for (const auto& [before, after] : all) {
    json.begin_object();
    id_member(json, "channel", after.channel);
    json.member("revision", after.revision).key("before");
    if (before)
      write_edit(json, *before);
    else
      json.null();
    json.end_object();
  }
  json.end_array();
}

Answer BulkEdits::try_out(const Call& call, const Many& many) {
  EditDrafts drafts{.proxy = many.proxy};
  for (std::size_t i = 0; i < many.channels.size(); ++i) {
    M3U_TRY(const auto stored, context_.store.edits().find(many.channels[i], many.proxy));
    edits::ChannelEdit edit =
        stored ? records::to_edit(*stored) : edits::ChannelEdit{.channel = many.channels[i]};
    many.make(i, edit);
    drafts.edits.push_back(std::move(edit));
  }
  DryRun run(context_, *data_, call);
  if (!drafts.edits.empty()) M3U_CHECK(look_at_edits(run, context_, drafts));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  json.member("channels", many.channels.size()).member("made", "edits").key("rule").null();
  json.end_object();
  return json_answer(std::move(text));
}

Answer BulkEdits::change(const Call& call, const Many& many) {
  M3U_TRY(const auto room, context_.process.budget().reserve(memory::Tag::kHttp, kRoom));
  if (many.is_dry) return try_out(call, many);
  const auto change = [&](std::size_t index, store::ChannelEdit& stored) {
    edits::ChannelEdit edit = records::to_edit(stored);
    many.make(index, edit);
    stored = records::to_stored(edit, many.proxy);
  };
  M3U_TRY(const auto all,
          context_.store.edits().change(many.channels, many.proxy, change, context_.clock()));
  tell_of_edits(context_, *data_);
  std::string text;
  Json json(text);
  json.begin_object().member("dry_run", false).member("channels", all.size());
  json.member("made", "edits").key("rule").null();
  write_changed(json, all);
  json.end_object();
  if (all.empty()) return json_answer(std::move(text));
  M3U_CHECK(record(context_, call,
                   {.action = many.action,
                    .target = many.proxy ? to_string(*many.proxy) : std::string(),
                    .before = text,
                    .after = std::string(call.request.body)}));
  return json_answer(std::move(text));
}

Answer BulkEdits::by_rule(const Call& call, const BulkRequest& wanted, std::uint64_t count) {
  M3U_TRY(const BulkRule rule, plan_bulk_rule(context_, wanted.filter, wanted.set, wanted.proxy));
  const bool is_filter = rule.kind == store::EntityKind::kFilter;
  std::string text;
  Json json(text);
  json.begin_object().member("channels", count).member("made", is_filter ? "filter" : "rule");
  if (wanted.is_dry) {
    DryRun run(context_, *data_, call);
    M3U_CHECK(look_at_bulk_rule(run, context_, rule));
    run.write(json);
    json.key("rule")
        .begin_object()
        .member("name", std::string_view(rule.name))
        .member("expression", std::string_view(rule.expression))
        .end_object();
  } else {
    M3U_TRY(const store::Entity made, make_bulk_rule(context_, call, rule));
    json.member("dry_run", false).key("rule").begin_object();
    id_member(json, "id", made.id);
    json.member("name", std::string_view(rule.name))
        .member("expression", std::string_view(rule.expression))
        .end_object();
    json.key("items").begin_array().end_array();
  }
  json.end_object();
  return json_answer(std::move(text));
}

Answer BulkEdits::bulk(Call& call) {
  M3U_TRY(const BulkRequest wanted, read(call));
  M3U_TRY(Meant meant, find(call, wanted));
  if (meant.channels.empty() && meant.count > 0) return by_rule(call, wanted, meant.count);
  return change(call, {.action = "edits.bulk",
                       .proxy = wanted.proxy,
                       .channels = std::move(meant.channels),
                       .make =
                           [&](std::size_t, edits::ChannelEdit& edit) {
                             const Uuid channel = edit.channel;
                             merge(edit, wanted.set);
                             edit.channel = channel;
                           },
                       .is_dry = wanted.is_dry});
}

Answer BulkEdits::renumber(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  auto proxy = fields.text("proxy", Needed::kNo, 36);
  auto channels = fields.ids("channels", Needed::kYes, kMostEdits);
  const auto start = fields.integer("start", Needed::kYes, 1, channels::NumberSet::kMax);
  const bool is_dry = fields.flag("dry_run", Needed::kNo).value_or(false);
  if (channels) {
    const std::set<Uuid> different(channels->begin(), channels->end());
    if (channels->empty()) fields.wrong("channels", "empty", "channels is empty");
    if (different.size() != channels->size())
      fields.wrong("channels", "invalid", "a channel is in channels twice");
    if (start && *start + static_cast<std::int64_t>(channels->size()) - 1 >
                     std::int64_t{channels::NumberSet::kMax})
      fields.wrong("start", "range",
                   fmt::format("the numbers go up to {}", channels::NumberSet::kMax));
  }
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto scope, scope_of(context_, std::move(proxy)));
  return change(call, {.action = "edits.renumber",
                       .proxy = scope,
                       .channels = *std::move(channels),
                       .make =
                           [first = *start](std::size_t index, edits::ChannelEdit& edit) {
                             edit.number = std::to_string(first + static_cast<std::int64_t>(index));
                           },
                       .is_dry = is_dry});
}

}  // namespace

Result<> add_bulk_edit_routes(Operations& operations, const ApiContext& context,
                              const std::shared_ptr<PublishedData>& data) {
  const auto edits = std::make_shared<BulkEdits>(context, data);
  constexpr std::uint64_t kBody = std::uint64_t{256} << 10U;
  using enum http::Method;
  M3U_CHECK(operations.add(
      kPost, "/edits/bulk",
      {.id = "editInBulk", .least = Role::kEditor, .body_limit = kBody, .pace = Pace::kLong},
      [edits](Call& call) { return edits->bulk(call); }));
  return operations.add(
      kPost, "/edits/renumber",
      {.id = "renumber", .least = Role::kEditor, .body_limit = kBody, .pace = Pace::kLong},
      [edits](Call& call) { return edits->renumber(call); });
}

}  // namespace m3u_proxy::api
