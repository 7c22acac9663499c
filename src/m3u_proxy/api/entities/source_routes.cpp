#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_check.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/entity_routes.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/source_impact.hpp>
#include <m3u_proxy/api/entities/source_probe.hpp>
#include <m3u_proxy/api/entities/source_routes.hpp>
#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/api/upload_file.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/jobs/replies/waiting_reply.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>

namespace m3u_proxy::api {
namespace {

using store::Entity;

constexpr std::uint64_t kLargestUpload = std::uint64_t{512} << 20U;
constexpr std::int64_t kMostRuns = 50;

/// What is there of a channel, or of one that changed what differs from `other`.
void write_texts(Json& json, std::string_view name,
                 const std::optional<jobs::ReplyTexts<std::string>>& texts,
                 const std::optional<jobs::ReplyTexts<std::string>>& other) {
  if (!texts) return;
  json.key(name).begin_object();
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const std::string& text = (*texts)[i];
    if (other ? text != (*other)[i] : !text.empty())
      json.member(jobs::kReplyFields[i], std::string_view(text));
  }
  json.end_object();
}

std::string comparison_json(const jobs::ReplyComparison& compared) {
  constexpr std::array<std::string_view, 3> kWords = {"added", "removed", "changed"};
  std::string text;
  Json json(text);
  json.begin_object()
      .member("was", compared.was)
      .member("is", compared.is)
      .member("added", compared.counts.added)
      .member("removed", compared.counts.removed)
      .member("changed", compared.counts.changed)
      .key("items")
      .begin_array();
  for (const jobs::ReplyChange& change : compared.changes) {
    const auto& named = change.after ? change.after : change.before;
    json.begin_object()
        .member("change", kWords[static_cast<std::size_t>(change.change)])
        .member("name", std::string_view(named->front()));
    write_texts(json, "before", change.before, change.after);
    write_texts(json, "after", change.after, change.before);
    json.end_object();
  }
  json.end_array().end_object();
  return text;
}

class SourceHandlers {
 public:
  SourceHandlers(const ApiContext& context, const EntityKindName& kind,
                 std::shared_ptr<PublishedData> data)
      : context_(context), kind_(kind), data_(std::move(data)) {}

  Answer validate(Call& call);
  Answer refresh(Call& call);
  Answer accept(Call& call);
  Answer quarantine(Call& call);
  Answer drop(Call& call);
  Answer upload(Call& call);
  Answer history(Call& call);
  Answer schedule(Call& call);

 private:
  /// As it holds now; right after a change the model may not have it yet.
  Outcome<jobs::SourceEntry> entry_of(const Entity& entity) const;
  /// The job that `wanted` would be one with.
  Result<std::optional<store::Job>> joined(const store::NewJob& wanted) const;
  Result<> log(const Call& call, std::string_view what, const Entity& entity) const {
    return record(
        context_, call,
        {.action = fmt::format("{}.{}", kind_.path, what), .target = to_string(entity.id)});
  }

  const ApiContext& context_;
  EntityKindName kind_;
  std::shared_ptr<PublishedData> data_;
};

Outcome<jobs::SourceEntry> SourceHandlers::entry_of(const Entity& entity) const {
  const auto model = context_.conductor.model();
  const jobs::SourceEntry* const entry = model ? model->find_source(entity.id) : nullptr;
  if (entry == nullptr) return problem(503, "this source is being taken over: ask again");
  return *entry;
}

Answer SourceHandlers::validate(Call& call) {
  M3U_TRY(const ConfigNode body, json_body(call.request));
  Fields fields(body);
  const ConfigNode* const config = fields.table("config", Fields::Needed::kYes);
  M3U_CHECK(fields.finish());
  jobs::SourceEntry entry;
  entry.is_guide = kind_.kind == store::EntityKind::kEpgSource;
  entry.is_users = true;
  M3U_TRY(entry.config, read_source(context_, kind_.kind, *config));
  entry.config.plugin.clear();
  M3U_TRY(std::string text,
          probe(context_.process, {.source = entry.config,
                                   .is_guide = entry.is_guide,
                                   .now = store::seconds_of(context_.clock()),
                                   .guard = context_.refresher.guard_of(entry),
                                   .folders = context_.refresher.folders_of(entry),
                                   .cancel = &call.stopping}));
  return json_answer(std::move(text));
}

Result<std::optional<store::Job>> SourceHandlers::joined(const store::NewJob& wanted) const {
  for (const auto state : {store::JobState::kRunning, store::JobState::kQueued}) {
    if (state == store::JobState::kRunning && !wanted.joins_running) continue;
    M3U_TRY(auto jobs,
            context_.store.jobs().list(
                {.state = state, .kind = wanted.kind, .target = wanted.target, .limit = 1}));
    if (!jobs.empty()) return std::optional(std::move(jobs.front()));
  }
  return std::nullopt;
}

Answer SourceHandlers::refresh(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  // One that is new is not in the model yet.
  if (const auto entry = entry_of(entity)) M3U_CHECK(jobs::Refresher::check_fetchable(*entry));
  const store::Time now = context_.clock();
  if (is_dry) {
    M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
    M3U_TRY(const auto job, joined(jobs::refresh_job(entity.id, jobs::JobPriority::kPerson, now)));
    return source_answer(context_, *data_, call, entry, std::nullopt, job);
  }
  M3U_TRY(const auto queued,
          context_.store.jobs().enqueue(
              jobs::refresh_job(entity.id, jobs::JobPriority::kPerson, now), now));
  M3U_CHECK(log(call, "refresh", entity));
  std::string text;
  Json json(text);
  write_job(json, context_, queued.job);
  return json_answer(std::move(text), 202);
}

Answer SourceHandlers::accept(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
  if (is_dry) {
    M3U_TRY(const PlannedContent waits, waiting_content(context_, entry));
    return source_answer(context_, *data_, call, entry, waits);
  }
  const auto accepted = context_.refresher.accept(entry, call.stopping);
  if (!accepted && accepted.error().code == ErrorCode::kNotFound) return nothing_waits();
  M3U_CHECK(accepted);
  M3U_CHECK(log(call, "accept", entity));
  return json_answer(fmt::format(R"({{"accepted":{}}})", *accepted));
}

Answer SourceHandlers::quarantine(Call& call) {
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  constexpr auto kMost = static_cast<std::int64_t>(jobs::kMostReplyChanges);
  M3U_TRY(const std::int64_t limit, query_number(call.request, "limit", 1, kMost, kMost));
  M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
  if (!entry.config.plugin.empty())
    return problem(409, "only the plugin that reads this source knows its channels");
  M3U_TRY(
      const auto compared,
      jobs::compare_waiting_reply(
          {.process = context_.process, .store = context_.store, .refresher = context_.refresher},
          entry, static_cast<std::size_t>(limit), context_.clock(), call.stopping));
  if (!compared) return nothing_waits();
  return json_answer(comparison_json(*compared));
}

Answer SourceHandlers::drop(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  if (is_dry) {
    M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
    M3U_TRY(const PlannedContent stays, content_if_dropped(context_, entry));
    return source_answer(context_, *data_, call, entry, stays);
  }
  M3U_TRY(const bool dropped,
          jobs::drop_waiting_reply(context_.store, entity.id, context_.clock()));
  if (!dropped) return nothing_waits();
  M3U_CHECK(log(call, "drop", entity));
  return http::empty_response();
}

Answer SourceHandlers::upload(Call& call) {
  M3U_TRY(const bool is_dry, is_dry_run(call.request));
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
  M3U_CHECK(jobs::Refresher::check_fetchable(entry));
  const auto file = UploadFile::of(call.request);
  if (!file) return problem(422, "the body is empty", "send the playlist or guide as it is");
  if (is_dry) {
    M3U_TRY(const PlannedContent found, uploaded_content(context_, call, entry, file));
    return source_answer(context_, *data_, call, entry, found);
  }
  const auto bytes = io::make_temp_file_source(file);
  M3U_CHECK(context_.refresher.upload(entry, *bytes, call.stopping));
  M3U_CHECK(log(call, "upload", entity));
  M3U_TRY(std::string text, entity_json(context_, call, entity));
  return json_answer(std::move(text));
}

Answer SourceHandlers::history(Call& call) {
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  M3U_TRY(const auto all, context_.store.snapshots().list(entity.id));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const store::SourceSnapshot& snapshot : all) {
    json.begin_object();
    id_member(json, "id", snapshot.id);
    time_member(json, "fetched", snapshot.fetched);
    time_member(json, "confirmed", snapshot.confirmed);
    json.member("items", snapshot.items)
        .member("bytes", snapshot.bytes)
        .member("state", store::to_string(snapshot.state))
        .end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  return json_answer(std::move(text));
}

Answer SourceHandlers::schedule(Call& call) {
  M3U_TRY(const Entity entity, find_entity(context_, call, kind_.kind));
  M3U_TRY(const std::int64_t count, query_number(call.request, "count", 1, kMostRuns, 5));
  M3U_TRY(const jobs::SourceEntry entry, entry_of(entity));
  const auto model = context_.conductor.model();  // entry_of() refuses where there is none
  const config::ServiceConfig& service = model->configuration.service;
  M3U_TRY(const jobs::TimeZone zone, jobs::TimeZone::find(service.time_zone));
  const std::string& own = entry.config.refresh;
  M3U_TRY(auto schedule, jobs::Schedule::parse(own.empty() ? service.refresh : own, zone));
  M3U_TRY(auto next, context_.conductor.next_refresh(entry));
  std::string text;
  Json json(text);
  json.begin_object().key("runs").begin_array();
  for (std::int64_t i = 0; i < count && next; ++i) {
    const std::int64_t moment = store::seconds_of(*next);
    json.value(std::string_view(format_rfc3339(moment)));
    const auto due = schedule.due(to_string(entity.id), moment, moment);
    next = due ? std::optional(store::Time(std::chrono::seconds(*due))) : std::nullopt;
  }
  json.end_array().end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_source_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data) {
  using enum http::Method;
  using Work = Answer (SourceHandlers::*)(Call&);
  for (const EntityKindName& kind : {kEntityKinds[0], kEntityKinds[1]}) {
    const auto handlers = std::make_shared<SourceHandlers>(context, kind, data);
    const auto add = [&](http::Method method, std::string_view rest, OperationOptions options,
                         Work work) {
      options.id += kind.one;
      return operations.add(method, fmt::format("/{}/{{id}}/{}", kind.path, rest),
                            std::move(options),
                            [handlers, work](Call& call) { return ((*handlers).*work)(call); });
    };
    M3U_CHECK(operations.add(kPost, fmt::format("/{}/validate", kind.path),
                             {.id = fmt::format("validate{}", kind.one),
                              .least = Role::kEditor,
                              .body_limit = kSmallBody,
                              .pace = Pace::kLong},
                             [handlers](Call& call) { return handlers->validate(call); }));
    M3U_CHECK(add(kPost, "refresh", {.id = "refresh", .least = Role::kEditor, .has_dry_run = true},
                  &SourceHandlers::refresh));
    M3U_CHECK(add(kPost, "accept", {.id = "accept", .least = Role::kEditor, .has_dry_run = true},
                  &SourceHandlers::accept));
    M3U_CHECK(add(kGet, "quarantine", {.id = "quarantineOf", .pace = Pace::kSlow},
                  &SourceHandlers::quarantine));
    M3U_CHECK(add(kDelete, "quarantine",
                  {.id = "dropReplyOf", .least = Role::kEditor, .has_dry_run = true},
                  &SourceHandlers::drop));
    const auto open_sink = [&context](const http::Request&) {
      return UploadFile::create(context.process);
    };
    M3U_CHECK(add(kPut, "content",
                  {.id = "upload",
                   .least = Role::kEditor,
                   .body_limit = kLargestUpload,
                   .pace = Pace::kLong,
                   .has_dry_run = true,
                   .open_sink = open_sink},
                  &SourceHandlers::upload));
    M3U_CHECK(add(kGet, "history", {.id = "historyOf"}, &SourceHandlers::history));
    M3U_CHECK(add(kGet, "schedule", {.id = "scheduleOf"}, &SourceHandlers::schedule));
  }
  return {};
}

}  // namespace m3u_proxy::api
