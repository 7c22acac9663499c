#include <algorithm>
#include <charconv>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/daemon/control_answers.hpp>
#include <m3u_proxy/daemon/control_routes.hpp>
#include <m3u_proxy/daemon/edit_routes.hpp>
#include <m3u_proxy/daemon/generation_diff.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/jobs/account_state.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::daemon {
namespace {

using http::Request;
using Json = JsonWriter<std::string>;

std::string_view source_kind(const jobs::SourceEntry& source) {
  if (source.is_guide) return "guide";
  return source.config.channels.empty() ? "playlist" : "manual";
}

/// What the API's actions call it.
std::string_view section_of(const jobs::SourceEntry& source) {
  return source.is_guide ? "epg-sources" : "sources";
}

class Control {
 public:
  explicit Control(ControlContext context) : context_(std::move(context)) {}

  Result<std::string> status(const Request& request);
  Result<std::string> refresh(const Request& request);
  Result<std::string> accept(const Request& request, const CancelToken& cancel);
  Result<std::string> upload(const Request& request, const CancelToken& cancel);
  Result<std::string> jobs(const Request& request);
  Result<std::string> cancel(const Request& request);
  Result<std::string> generations(const Request& request);
  Result<std::string> diff(const Request& request, const CancelToken& cancel);
  Result<std::string> roll_back(const Request& request);
  Result<std::string> release(const Request& request);
  Result<std::string> regenerate(const Request& request);
  Result<std::string> restore(const Request& request, const CancelToken& cancel);

 private:
  [[nodiscard]] Result<std::vector<const jobs::SourceEntry*>> sources(const jobs::Model& model,
                                                                      std::string_view name) const;
  Result<> write_source(Json& json, const jobs::SourceEntry& source);
  Result<> write_proxies(Json& json, const jobs::Model& model);

  ControlContext context_;
};

Result<std::vector<const jobs::SourceEntry*>> Control::sources(const jobs::Model& model,
                                                               std::string_view name) const {
  std::vector<const jobs::SourceEntry*> found;
  std::vector<std::string_view> names;
  for (const jobs::SourceEntry& source : model.sources) {
    names.push_back(source.config.name.name);
    if (source.config.name.name == name) found.push_back(&source);
  }
  if (!found.empty()) return found;
  const std::string_view close = closest_word(name, names);
  return fail(ErrorCode::kNotFound, fmt::format("there is no source called \"{}\"", excerpt(name)),
              close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
}

Result<> Control::write_source(Json& json, const jobs::SourceEntry& source) {
  M3U_TRY(const auto current, context_.store.snapshots().current(source.id));
  M3U_TRY(const auto state, context_.store.snapshots().fetch_state(source.id));
  M3U_TRY(const auto all, context_.store.snapshots().list(source.id));
  M3U_TRY(const auto next, context_.conductor.next_refresh(source));
  json.begin_object()
      .member("name", std::string_view(source.config.name.name))
      .member("kind", source_kind(source))
      .member("address", std::string_view(redact_url(source.config.location)))
      .member("items", current ? current->items : source.config.channels.size());
  time_member(json, "fetched", current ? current->fetched : store::Time());
  time_member(json, "confirmed", current ? current->confirmed : store::Time());
  time_member(json, "next", next.value_or(store::Time()));
  M3U_TRY(const auto account, jobs::account_of(context_.store, source));
  if (account) api::account_member(json, account);
  if (state && !state->error.empty()) json.member("error", std::string_view(state->error));
  for (const store::SourceSnapshot& snapshot : all)
    if (snapshot.state == store::SnapshotState::kQuarantined)
      json.key("quarantined")
          .begin_object()
          .member("items", snapshot.items)
          .member("replies", snapshot.equal_replies)
          .end_object();
  json.end_object();
  return {};
}

Result<> Control::write_proxies(Json& json, const jobs::Model& model) {
  M3U_TRY(const auto outputs, context_.outputs());
  json.key("proxies").begin_array();
  for (const jobs::ProxyEntry& entry : model.proxies) {
    const std::string& name = entry.config.name.name;
    M3U_TRY(const auto current, context_.store.generations().current(entry.id));
    M3U_TRY(const bool held, context_.store.generations().is_held(entry.id));
    json.begin_object()
        .member("name", std::string_view(name))
        .member("generation", current ? current->number : 0)
        .member("channels", current ? current->channels : 0)
        .member("programmes", current ? current->programmes : 0)
        .member("held", held);
    const auto output = std::ranges::find(outputs, name, &Service::Output::proxy);
    if (output != outputs.end())
      json.member("playlist", std::string_view(output->playlist))
          .member("guide", std::string_view(output->guide));
    json.end_object();
  }
  json.end_array();
  return {};
}

Result<std::string> Control::status(const Request& /*request*/) {
  const auto model = context_.conductor.model();
  std::string text;
  Json json(text);
  json.begin_object()
      .member("version", std::string_view(context_.version))
      .member("pid", static_cast<std::int64_t>(::getpid()))
      .member("store", context_.store.place());
  const auto limit = context_.process.memory_limit();
  json.key("memory").begin_object();
  if (const auto used = memory::process_memory().resident()) json.member("rss_mb", used->mb());
  json.key("limit_mb");
  if (limit)
    json.value(limit->mb());
  else
    json.null();
  const config::Configuration& settings = model->configuration;
  json.member("aggressive_cleanup", settings.memory_cleanup.aggressive_cleanup)
      .member("max_memory_per_plugin_mb", settings.wasm_plugins.max_memory_per_plugin)
      .end_object();
  json.key("sources").begin_array();
  for (const jobs::SourceEntry& source : model->sources) M3U_CHECK(write_source(json, source));
  json.end_array();
  M3U_CHECK(write_proxies(json, *model));
  json.key("running").begin_array();
  for (const auto& [job, stage] : context_.workers.running()) write_job(json, job);
  json.end_array().end_object();
  return text;
}

Result<std::string> Control::refresh(const Request& request) {
  const auto model = context_.conductor.model();
  const std::string_view name = request.parameter("name");
  std::vector<const jobs::SourceEntry*> chosen;
  if (name == "*") {
    for (const jobs::SourceEntry& source : model->sources)
      if (jobs::Refresher::check_fetchable(source)) chosen.push_back(&source);
  } else {
    M3U_TRY(chosen, sources(*model, name));
    for (const jobs::SourceEntry* const source : chosen)
      M3U_CHECK(jobs::Refresher::check_fetchable(*source));
  }
  std::string text;
  Json json(text);
  json.begin_object().key("jobs").begin_array();
  const store::Time now = context_.clock();
  for (const jobs::SourceEntry* const source : chosen) {
    M3U_TRY(const auto queued,
            context_.store.jobs().enqueue(
                jobs::refresh_job(source->id, jobs::JobPriority::kPerson, now), now));
    M3U_CHECK(record(context_, {.action = fmt::format("{}.refresh", section_of(*source)),
                                .target = to_string(source->id)}));
    write_job(json, queued.job);
  }
  json.end_array().end_object();
  return text;
}

Result<std::string> Control::accept(const Request& request, const CancelToken& cancel) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto chosen, sources(*model, request.parameter("name")));
  for (const jobs::SourceEntry* const source : chosen) {
    const auto accepted = context_.refresher.accept(*source, cancel);
    if (!accepted && accepted.error().code == ErrorCode::kNotFound) continue;
    M3U_CHECK(accepted);
    M3U_CHECK(record(context_, {.action = fmt::format("{}.accept", section_of(*source)),
                                .target = to_string(source->id)}));
    return fmt::format(R"({{"accepted":{}}})", *accepted);
  }
  return fail(ErrorCode::kNotFound, "nothing of this source waits in quarantine");
}

Result<std::string> Control::upload(const Request& request, const CancelToken& cancel) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto chosen, sources(*model, request.parameter("name")));
  const std::string path(trim(request.body));
  std::error_code error;
  if (const auto status = std::filesystem::status(path, error);
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is no ordinary file", excerpt(path)),
                "write what it gives into a file first");
  M3U_TRY(const auto bytes, io::open_file(path, &cancel));
  // A list and a guide may have the same name.
  const bool is_guide = http::query_value(request.query, "guide").has_value();
  const auto found = std::ranges::find(chosen, is_guide, &jobs::SourceEntry::is_guide);
  if (is_guide && found == chosen.end())
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no EPG source \"{}\"", request.parameter("name")));
  const jobs::SourceEntry& source = found == chosen.end() ? *chosen.front() : **found;
  M3U_CHECK(context_.refresher.upload(source, *bytes, cancel));
  M3U_CHECK(record(context_, {.action = fmt::format("{}.upload", section_of(source)),
                              .target = to_string(source.id)}));
  return std::string(R"({"uploaded":true})");
}

Result<std::string> Control::jobs(const Request& /*request*/) {
  M3U_TRY(const auto list, context_.store.jobs().list({.limit = 100}));
  std::string text;
  Json json(text);
  json.begin_object().key("jobs").begin_array();
  for (const store::Job& job : list) write_job(json, job);
  json.end_array().end_object();
  return text;
}

Result<std::string> Control::cancel(const Request& request) {
  M3U_TRY(const Uuid id, parse_uuid(request.parameter("id")));
  M3U_TRY(const store::Job job, context_.store.jobs().cancel(id, context_.clock()));
  context_.workers.cancel(id);
  M3U_CHECK(record(context_, {.action = "jobs.cancel", .target = to_string(id)}));
  std::string text;
  Json json(text);
  write_job(json, job);
  return text;
}

Result<std::string> Control::generations(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  M3U_TRY(const auto rows, context_.store.generations().list(entry->id));
  std::string text;
  Json json(text);
  json.begin_object().key("generations").begin_array();
  for (const store::GenerationRow& row : rows) {
    json.begin_object().member("number", row.number).member("state", store::to_string(row.state));
    time_member(json, "created", row.created);
    json.member("channels", row.channels)
        .member("programmes", row.programmes)
        .member("added", row.added)
        .member("removed", row.removed)
        .member("changed", row.changed)
        .end_object();
  }
  json.end_array().end_object();
  return text;
}

/// A number in the query; nullopt: none was given.
Result<std::optional<std::int64_t>> number_of(const Request& request, std::string_view name) {
  const auto text = http::query_value(request.query, name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size())
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no number", excerpt(*text)));
  return number;
}

Result<std::string> Control::diff(const Request& request, const CancelToken& cancel) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  M3U_TRY(const auto rows, context_.store.generations().list(entry->id));
  M3U_TRY(auto to, number_of(request, "to"));
  M3U_TRY(auto from, number_of(request, "from"));
  if (!to && !rows.empty()) to = rows.front().number;
  if (!from)
    for (const store::GenerationRow& row : rows)
      if (to && row.number < *to && !from) from = row.number;
  if (!to || !from)
    return fail(ErrorCode::kNotFound, "there are no two generations to compare yet");
  return compare_generations(context_.generator, context_.process, entry->id, *from, *to, &cancel);
}

Result<std::string> Control::roll_back(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  M3U_TRY(auto number, number_of(request, "to"));
  M3U_TRY(const auto rows, context_.store.generations().list(entry->id));
  M3U_TRY(const auto current, context_.store.generations().current(entry->id));
  if (!number && current)
    for (const store::GenerationRow& row : rows)
      if (row.number < current->number && !number) number = row.number;
  if (!number) return fail(ErrorCode::kNotFound, "there is no older generation to go back to");
  M3U_CHECK(context_.store.generations().roll_back(entry->id, *number));
  M3U_CHECK(record(context_, {.action = "proxies.roll-back",
                              .target = to_string(entry->id),
                              .after = fmt::format(R"({{"generation":{}}})", *number)}));
  return fmt::format(R"({{"current":{},"held":true}})", *number);
}

Result<std::string> Control::release(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  M3U_TRY(const std::int64_t number, context_.store.generations().release(entry->id));
  M3U_CHECK(record(context_, {.action = "proxies.release", .target = to_string(entry->id)}));
  return fmt::format(R"({{"current":{},"held":false}})", number);
}

Result<std::string> Control::regenerate(const Request& request) {
  const auto model = context_.conductor.model();
  M3U_TRY(const auto* const entry, find_proxy(*model, request.parameter("name")));
  const store::Time now = context_.clock();
  M3U_TRY(const auto queued,
          context_.store.jobs().enqueue(
              jobs::generate_job(entry->id, jobs::JobPriority::kPerson, now), now));
  M3U_CHECK(record(context_, {.action = "proxies.generate", .target = to_string(entry->id)}));
  std::string text;
  Json json(text);
  write_job(json, queued.job);
  return text;
}

Result<std::string> Control::restore(const Request& request, const CancelToken& cancel) {
  M3U_TRY(const ConfigNode body, config::parse_json(request.body, "the request"));
  const auto text = [&](std::string_view name) {
    const ConfigMember* const member = body.find(name);
    return member == nullptr ? std::string() : member->value.text;
  };
  const std::string file = text("file");
  M3U_TRY(const backup::RestoreSummary done,
          context_.restore({.open = [&] { return io::open_file(file, &cancel); },
                            .passphrase = text("passphrase"),
                            .secrets = text("secrets") == "left_out" ? backup::Secrets::kLeftOut
                                                                     : backup::Secrets::kNeeded,
                            .only_check = text("purpose") == "check"}));
  std::string summary = backup::to_json(done);
  if (text("purpose") != "check")
    M3U_CHECK(record(
        context_, {.action = "backups.restore", .target = done.about.created, .after = summary}));
  return summary;
}

}  // namespace

Result<> record(const ControlContext& context, const api::Change& change) {
  return api::record(context.store, context.clock(), {.name = std::string(api::kOperator)}, change);
}

Result<> add_control_routes(http::Router& router, const ControlContext& context) {
  const auto control = std::make_shared<Control>(context);
  const http::RouteOptions options{.body_limit = 64U << 10U, .door = "control"};
  using Work = Result<std::string> (Control::*)(const Request&);
  const auto add = [&](http::Method method, std::string_view pattern, Work work) {
    return router.add_deferred(
        method, pattern,
        answered_by(context.questions,
                    [control, work](const Request& request, const CancelToken& /*cancel*/) {
                      return ((*control).*work)(request);
                    }),
        options);
  };
  using LongWork = Result<std::string> (Control::*)(const Request&, const CancelToken&);
  const auto add_errand = [&](http::Method method, std::string_view pattern, LongWork work) {
    return router.add_deferred(
        method, pattern,
        answered_by(context.errands,
                    [control, work](const Request& request, const CancelToken& cancel) {
                      return ((*control).*work)(request, cancel);
                    }),
        options);
  };
  using enum http::Method;
  M3U_CHECK(add(kGet, "/status", &Control::status));
  M3U_CHECK(add(kGet, "/jobs", &Control::jobs));
  M3U_CHECK(add(kPost, "/jobs/{id}/cancel", &Control::cancel));
  M3U_CHECK(add(kPost, "/sources/{name}/refresh", &Control::refresh));
  M3U_CHECK(add_errand(kPost, "/sources/{name}/accept", &Control::accept));
  M3U_CHECK(add_errand(kPost, "/sources/{name}/upload", &Control::upload));
  M3U_CHECK(add_errand(kPost, "/restore", &Control::restore));
  M3U_CHECK(add(kPost, "/proxies/{name}/generate", &Control::regenerate));
  M3U_CHECK(add(kGet, "/proxies/{name}/generations", &Control::generations));
  M3U_CHECK(add_errand(kGet, "/proxies/{name}/diff", &Control::diff));
  M3U_CHECK(add(kPost, "/proxies/{name}/roll-back", &Control::roll_back));
  M3U_CHECK(add(kPost, "/proxies/{name}/release", &Control::release));
  return add_edit_routes(router, context);
}

}  // namespace m3u_proxy::daemon
