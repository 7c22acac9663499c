#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/edits/edit_json.hpp>
#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/edit_channels.hpp>
#include <m3u_proxy/config/config_sections.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/daemon/control_answers.hpp>
#include <m3u_proxy/daemon/edit_routes.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/records/stored_edits.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

namespace m3u_proxy::daemon {
namespace {

using edits::ChannelEdit;
using http::Request;
using Json = JsonWriter<std::string>;

constexpr int kPage = 1000;
constexpr std::size_t kMostChannels = 200;

class Edits {
 public:
  explicit Edits(ControlContext context) : context_(std::move(context)) {}

  Result<std::string> list(const Request& request);
  Result<std::string> set(const Request& request);
  Result<std::string> remove(const Request& request);
  Result<std::string> channels(const Request& request, const CancelToken& cancel);

 private:
  /// The proxy that the query names; nullopt: the edit is for all.
  [[nodiscard]] Result<std::optional<Uuid>> scope(const Request& request) const;
  static void write(Json& json, const store::ChannelEdit& stored, const jobs::Model& model);

  ControlContext context_;
};

Result<std::optional<Uuid>> Edits::scope(const Request& request) const {
  const auto name = http::query_value(request.query, "proxy");
  if (!name || name->empty()) return std::nullopt;
  M3U_TRY(const auto* const entry, find_proxy(*context_.conductor.model(), *name));
  return std::optional(entry->id);
}

void Edits::write(Json& json, const store::ChannelEdit& stored, const jobs::Model& model) {
  const ChannelEdit edit = records::to_edit(stored);
  json.begin_object().member("channel", std::string_view(to_base64url(edit.channel)));
  json.key("proxy");
  const auto* const entry = stored.proxy ? model.find_proxy(*stored.proxy) : nullptr;
  if (entry != nullptr)
    json.value(std::string_view(entry->config.name.name));
  else
    json.null();
  for (const edits::TextField& text : edits::kTextFields)
    if (edit.*text.value) json.member(text.name, std::string_view(*(edit.*text.value)));
  if (edit.hidden) json.member("hidden", *edit.hidden);
  if (edit.place != edits::Place::kStays)
    json.member(edit.place == edits::Place::kBefore ? "before" : "after",
                std::string_view(to_base64url(edit.anchor)));
  json.member("managed_by", to_string(stored.managed_by)).member("revision", stored.revision);
  time_member(json, "updated", stored.updated);
  time_member(json, "missing_since", stored.missing_since);
  json.end_object();
}

Result<std::string> Edits::list(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto only, scope(request));
  std::optional<Uuid> after;
  if (const auto text = http::query_value(request.query, "after")) {
    M3U_TRY(after, parse_uuid(*text));
  }
  M3U_TRY(const auto page, context_.store.edits().page(after, kPage));
  std::string text;
  Json json(text);
  json.begin_object().key("edits").begin_array();
  for (const store::ChannelEdit& edit : page)
    if (!only || edit.proxy == only) write(json, edit, *model);
  json.end_array().key("next");
  if (page.size() < kPage)
    json.null();
  else
    json.value(std::string_view(to_base64url(page.back().channel)));
  json.end_object();
  return text;
}

/// Takes what the query's `unset` names out of an edit.
Result<> unset(ChannelEdit& edit, std::string_view names) {
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    const std::string_view name = trim(names.substr(0, comma));
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    const auto text = std::ranges::find(edits::kTextFields, name, &edits::TextField::name);
    if (text != edits::kTextFields.end()) {
      (edit.*text->value).reset();
    } else if (name == "hidden") {
      edit.hidden.reset();
    } else if (name == "place") {
      edit.place = edits::Place::kStays;
      edit.anchor = {};
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" is nothing that an edit has", excerpt(name)),
                  "number, name, group, logo, guide_id, hidden or place");
    }
  }
  return {};
}

/// The body is a table of [[edits]] without its channel; what it says is added to what was said.
Result<std::string> Edits::set(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const Uuid channel, parse_uuid(request.parameter("channel")));
  M3U_TRY(const auto proxy, scope(request));
  M3U_TRY(ConfigNode table, config::parse_json(request.body.empty() ? "{}" : request.body, "edit"));
  ConfigMember id{.name = "channel"};
  id.value.kind = ConfigNode::Kind::kString;
  id.value.text = to_base64url(channel);
  table.members.push_back(std::move(id));
  config::ConfigReader reader;
  reader.set_path("edit");
  const config::EditConfig read = config::read_edit(reader, table);
  if (auto problems = reader.take_problems(); !problems.empty())
    return fail(std::move(problems.front().error));
  M3U_TRY(const auto stored, context_.store.edits().find(channel, proxy));
  ChannelEdit edit = stored ? records::to_edit(*stored) : ChannelEdit{.channel = channel};
  if (const auto names = http::query_value(request.query, "unset")) M3U_CHECK(unset(edit, *names));
  merge(edit, read.edit);
  if (auto mistake = channels::mistake_in(edit)) return fail(std::move(mistake->error));
  store::ChannelEdit next = records::to_stored(edit, proxy);
  next.revision = stored ? stored->revision : 0;
  M3U_TRY(const store::ChannelEdit made, context_.store.edits().put(next, context_.clock()));
  M3U_CHECK(record(context_, {.action = stored ? "edits.change" : "edits.create",
                              .target = to_string(channel),
                              .before = api::edit_json(stored),
                              .after = api::edit_json(made)}));
  std::string text;
  Json json(text);
  write(json, made, *model);
  return text;
}

Result<std::string> Edits::remove(const Request& request) {
  M3U_TRY(const Uuid channel, parse_uuid(request.parameter("channel")));
  M3U_TRY(const auto proxy, scope(request));
  M3U_TRY(const auto stored, context_.store.edits().find(channel, proxy));
  if (!stored) return fail(ErrorCode::kNotFound, "the channel has no such edit");
  M3U_CHECK(context_.store.edits().erase(channel, proxy, stored->revision));
  M3U_CHECK(record(
      context_,
      {.action = "edits.remove", .target = to_string(channel), .before = api::edit_json(stored)}));
  return std::string(R"({"removed":true})");
}

/// The first channels of a proxy's list whose names have a text in them.
Result<std::string> Edits::channels(const Request& request, const CancelToken& cancel) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  M3U_TRY(const auto current, context_.store.generations().current(entry->id));
  if (!current) return fail(ErrorCode::kNotFound, "nothing has been published yet");
  M3U_TRY(const auto snapshot, context_.generator.open(entry->id, current->number));
  M3U_TRY(const auto lineup,
          snapshots::Lineup::open(snapshot, snapshots::kLineupFile, context_.process.budget()));
  std::string wanted;
  std::string name;
  fold(http::query_value(request.query, "search").value_or(""), wanted);
  snapshots::BlockBuffer buffer(context_.process.budget());
  catalog::ChannelBatch batch(context_.process.slabs());
  std::string text;
  Json json(text);
  json.begin_object().key("channels").begin_array();
  std::size_t shown = 0;
  for (std::uint64_t row = 0; row < lineup->rows() && shown < kMostChannels;) {
    if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "the service is stopping");
    M3U_TRY(const std::uint64_t first, lineup->load(row, buffer, batch));
    for (std::size_t i = 0; i < batch.rows() && shown < kMostChannels; ++i) {
      using enum catalog::ChannelField;
      fold(batch.text(kChannelName, i), name);
      if (!name.contains(wanted)) continue;
      ++shown;
      json.begin_object()
          .member("channel", std::string_view(to_base64url(batch.id(i))))
          .member("number", batch.text(kTvgChno, i))
          .member("name", batch.text(kChannelName, i))
          .member("group", batch.text(kGroupTitle, i))
          .member("guide_id", batch.text(kTvgId, i))
          .end_object();
    }
    row = first + std::max<std::uint64_t>(batch.rows(), 1);
  }
  json.end_array().member("of", lineup->rows()).end_object();
  return text;
}

}  // namespace

Result<> add_edit_routes(http::Router& router, const ControlContext& context) {
  const auto edits = std::make_shared<Edits>(context);
  using Work = Result<std::string> (Edits::*)(const Request&);
  const auto add = [&](http::Method method, std::string_view pattern, Work work) {
    return router.add_deferred(
        method, pattern,
        answered_by(context.questions,
                    [edits, work](const Request& request, const CancelToken& /*cancel*/) {
                      return ((*edits).*work)(request);
                    }),
        {.body_limit = 1U << 20U, .door = "control"});
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "/edits", &Edits::list));
  M3U_CHECK(add(kPut, "/edits/{channel}", &Edits::set));
  M3U_CHECK(add(kDelete, "/edits/{channel}", &Edits::remove));
  return router.add_deferred(
      kGet, "/proxies/{name}/channels",
      answered_by(context.errands,
                  [edits](const Request& request, const CancelToken& cancel) {
                    return edits->channels(request, cancel);
                  }),
      {.door = "control"});
}

}  // namespace m3u_proxy::daemon
