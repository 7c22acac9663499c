#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/edits/bulk_rule.hpp>
#include <m3u_proxy/api/edits/edit_change.hpp>
#include <m3u_proxy/api/edits/edit_impact.hpp>
#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/api/edits/edit_routes.hpp>
#include <m3u_proxy/api/entities/checked_change.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/lineup/channel_answers.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/channels/number_set.hpp>

namespace m3u_proxy::api {
namespace {

using Needed = Fields::Needed;
using queries::ChannelMatcher;
using queries::ChannelQueries;
using queries::ChannelQuery;

constexpr std::size_t kLongestFilter = 65'536;
/// Edits as they are read, in bytes for one of the body.
constexpr std::uint64_t kGrowth = 16;
/// What can be the same for many channels.
constexpr std::array<std::string_view, 4> kForMany = {"group", "logo", "guide_id", "hidden"};

/// The channels that a filter is true for, as they are published.
struct Meant {
  std::uint64_t count = 0;
  std::vector<Uuid> channels{};  ///< each once; empty where there are more than kMostEdits
};

/// An edit as it is to be, in the place of the one of this revision.
struct WrittenEdit {
  std::int64_t revision = 0;
  edits::ChannelEdit edit{};
};

struct BulkRequest {
  std::optional<Uuid> proxy{};
  std::string filter{};
  std::optional<std::vector<Uuid>> channels{};  ///< these, in place of a filter
  edits::ChannelEdit set{};
  bool is_dry = false;
};

class BulkEdits {
 public:
  BulkEdits(const ApiContext& context, std::shared_ptr<PublishedData> data)
      : context_(context), data_(std::move(data)) {}

  Answer bulk(Call& call);
  Answer renumber(Call& call);
  Answer write(Call& call);

 private:
  Outcome<BulkRequest> read(const Call& call) const;
  Outcome<Meant> find(const Call& call, const BulkRequest& wanted);
  Outcome<void> add(const Call& call, const PublishedData::Generation& of,
                    const ChannelQuery& query, const std::shared_ptr<const ChannelMatcher>& matcher,
                    Meant& meant);
  Answer change(const Call& call, const EditChange& change) {
    return change_edits(context_, *data_, call, change);
  }
  Answer by_rule(const Call& call, const BulkRequest& wanted, std::uint64_t count);

  const ApiContext& context_;
  std::shared_ptr<PublishedData> data_;
};

/// The body may say it, or the address as for every change.
Outcome<bool> asks_only(const Call& call, Fields& fields) {
  const bool is_said = fields.flag("dry_run", Needed::kNo).value_or(false);
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  return is_said || is_dry;
}

/// Channels are named by their ids, each once.
std::optional<std::vector<Uuid>> read_channels(Fields& fields, Needed needed) {
  auto channels = fields.ids("channels", needed, kMostEdits);
  if (!channels) return channels;
  const std::set<Uuid> different(channels->begin(), channels->end());
  if (channels->empty()) fields.wrong("channels", "empty", "channels is empty");
  if (different.size() != channels->size())
    fields.wrong("channels", "invalid", "a channel is in channels twice");
  return channels;
}

Outcome<BulkRequest> BulkEdits::read(const Call& call) const {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  BulkRequest wanted;
  auto proxy = fields.text("proxy", Needed::kNo, 36);
  auto filter = fields.text("filter", Needed::kNo, kLongestFilter);
  const ConfigNode* const set = fields.table("set", Needed::kYes);
  wanted.channels = read_channels(fields, Needed::kNo);
  if (wanted.channels && filter)
    fields.wrong("channels", "invalid", "there are both channels and a filter",
                 "say which channels are meant in one way");
  M3U_TRY(wanted.is_dry, asks_only(call, fields));
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
  if (meant.count > kMostEdits) {
    meant.channels.clear();
    return {};
  }
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
  return meant;
}

Answer BulkEdits::by_rule(const Call& call, const BulkRequest& wanted, std::uint64_t count) {
  const auto plan = [&] {
    return plan_bulk_rule(context_, wanted.filter, wanted.set, wanted.proxy);
  };
  std::string text;
  Json json(text);
  json.begin_object().member("channels", count);
  if (wanted.is_dry) {
    M3U_TRY(const BulkRule rule, plan());
    DryRun run(context_, *data_, call);
    M3U_CHECK(look_at_bulk_rule(run, context_, rule));
    json.member("made", to_string(rule.kind));
    run.write(json);
    json.key("rule")
        .begin_object()
        .member("name", std::string_view(rule.name))
        .member("expression", std::string_view(rule.expression))
        .end_object();
  } else {
    BulkRule rule;
    M3U_TRY(const store::Entity made,
            check_and_change(context_.store, [&](std::int64_t revision) -> Outcome<store::Entity> {
              M3U_TRY(rule, plan());
              return make_bulk_rule(context_, call, rule, revision);
            }));
    json.member("made", to_string(rule.kind)).member("dry_run", false).key("rule").begin_object();
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
  M3U_TRY(BulkRequest wanted, read(call));
  std::vector<Uuid> channels;
  if (wanted.channels) {
    channels = *std::move(wanted.channels);
  } else {
    M3U_TRY(Meant meant, find(call, wanted));
    if (meant.channels.empty() && meant.count > 0) return by_rule(call, wanted, meant.count);
    channels = std::move(meant.channels);
  }
  return change(call,
                {.action = "edits.bulk",
                 .proxy = wanted.proxy,
                 .channels = std::move(channels),
                 .make = [&](std::size_t, std::int64_t, edits::ChannelEdit& edit) -> Result<> {
                   merge(edit, wanted.set);
                   return {};
                 },
                 .is_dry = wanted.is_dry});
}

Answer BulkEdits::renumber(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  auto proxy = fields.text("proxy", Needed::kNo, 36);
  auto channels = read_channels(fields, Needed::kYes);
  const auto start = fields.integer("start", Needed::kYes, 1, channels::NumberSet::kMax);
  M3U_TRY(const bool is_dry, asks_only(call, fields));
  if (channels && start &&
      *start + static_cast<std::int64_t>(channels->size()) - 1 >
          std::int64_t{channels::NumberSet::kMax})
    fields.wrong("start", "range",
                 fmt::format("the numbers go up to {}", channels::NumberSet::kMax));
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto scope, scope_of(context_, std::move(proxy)));
  return change(call, {.action = "edits.renumber",
                       .proxy = scope,
                       .channels = *std::move(channels),
                       .make = [first = *start](std::size_t index, std::int64_t,
                                                edits::ChannelEdit& edit) -> Result<> {
                         edit.number = std::to_string(first + static_cast<std::int64_t>(index));
                         return {};
                       },
                       .is_dry = is_dry});
}

/// One of the items of a request: channel, revision, edit.
Outcome<WrittenEdit> read_written(const ConfigNode& item, std::size_t index) {
  const std::string path = fmt::format("items[{}].", index);
  if (item.kind != ConfigNode::Kind::kTable)
    return field_problem(fmt::format("items[{}]", index), "type",
                         fmt::format("items[{}] has to be an object", index));
  Fields fields(item, path);
  WrittenEdit written;
  if (const auto text = fields.text("channel", Needed::kYes, 36)) {
    if (const auto channel = parse_uuid(*text))
      written.edit.channel = *channel;
    else
      fields.wrong("channel", "invalid", fmt::format("{}channel is no id", path));
  }
  const auto revision = fields.integer("revision", Needed::kYes, 0, INT64_MAX);
  const ConfigNode* const edit = fields.table("edit", Needed::kNo);
  M3U_CHECK(fields.finish());
  written.revision = *revision;
  if (edit != nullptr) {
    M3U_TRY(written.edit, read_edit(*edit, written.edit.channel, path + "edit."));
    if (says_nothing(written.edit))
      return field_problem(path + "edit", "empty", "the edit says nothing of the channel",
                           "without edit it is taken back");
  }
  return written;
}

Answer BulkEdits::write(Call& call) {
  M3U_TRY(const auto room, context_.process.budget().reserve(
                               memory::Tag::kHttp, Bytes{kGrowth * call.request.body.size()}));
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  auto proxy = fields.text("proxy", Needed::kNo, 36);
  const ConfigMember* const items = fields.list("items") ? body.find("items") : nullptr;
  M3U_TRY(const bool is_dry, asks_only(call, fields));
  if (items == nullptr)
    fields.wrong("items", "required", "items is missing");
  else if (items->value.items.empty() || items->value.items.size() > kMostEdits)
    fields.wrong("items", "range", fmt::format("items has 1 to {} entries", kMostEdits));
  M3U_CHECK(fields.finish());
  M3U_TRY(const auto scope, scope_of(context_, std::move(proxy)));
  std::vector<WrittenEdit> wanted;
  std::vector<Uuid> channels;
  std::set<Uuid> different;
  for (const ConfigNode& item : items->value.items) {
    M3U_TRY(WrittenEdit written, read_written(item, wanted.size()));
    if (!different.insert(written.edit.channel).second)
      return field_problem(fmt::format("items[{}].channel", wanted.size()), "invalid",
                           "the channel is in items twice");
    channels.push_back(written.edit.channel);
    wanted.push_back(std::move(written));
  }
  bool is_other = false;
  Answer answer = change(
      call,
      {.action = "edits.write",
       .proxy = scope,
       .channels = std::move(channels),
       .make = [&](std::size_t index, std::int64_t revision, edits::ChannelEdit& edit) -> Result<> {
         is_other = revision != wanted[index].revision;
         if (is_other) return fail(ErrorCode::kConflict, "an edit was changed meanwhile");
         edit = wanted[index].edit;
         return {};
       },
       .is_dry = is_dry});
  if (!answer && is_other) return changed_meanwhile();
  return answer;
}

}  // namespace

Result<> add_bulk_edit_routes(Operations& operations, const ApiContext& context,
                              const std::shared_ptr<PublishedData>& data) {
  const auto edits = std::make_shared<BulkEdits>(context, data);
  constexpr std::uint64_t kBody = std::uint64_t{256} << 10U;
  constexpr std::uint64_t kWrittenBody = std::uint64_t{1} << 20U;
  using enum http::Method;
  M3U_CHECK(operations.add(kPost, "/edits/bulk",
                           {.id = "editInBulk",
                            .least = Role::kEditor,
                            .body_limit = kBody,
                            .pace = Pace::kLong,
                            .has_dry_run = true},
                           [edits](Call& call) { return edits->bulk(call); }));
  M3U_CHECK(operations.add(kPost, "/edits/renumber",
                           {.id = "renumber",
                            .least = Role::kEditor,
                            .body_limit = kBody,
                            .pace = Pace::kLong,
                            .has_dry_run = true},
                           [edits](Call& call) { return edits->renumber(call); }));
  return operations.add(kPost, "/edits/write",
                        {.id = "writeEdits",
                         .least = Role::kEditor,
                         .body_limit = kWrittenBody,
                         .pace = Pace::kLong,
                         .has_dry_run = true},
                        [edits](Call& call) { return edits->write(call); });
}

}  // namespace m3u_proxy::api
