#include <array>
#include <filesystem>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/job_routes.hpp>
#include <m3u_proxy/api/request_body.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/http/target.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::api {
namespace {

void write_memory(Json& json, runtime::Process& process) {
  const memory::Budget& budget = process.budget();
  json.key("memory").begin_object().key("rss_mb");
  if (const auto used = memory::process_memory().resident())
    json.value(used->mb());
  else
    json.null();
  json.member("used_mb", budget.used().mb()).member("peak_mb", budget.peak().mb()).key("limit_mb");
  if (const auto limit = process.memory_limit())
    json.value(limit->mb());
  else
    json.null();
  json.key("tags").begin_array();
  for (std::size_t i = 0; i < memory::kTagCount; ++i) {
    const auto tag = static_cast<memory::Tag>(i);
    if (budget.peak(tag).count == 0) continue;
    json.begin_object()
        .member("name", memory::to_string(tag))
        .member("used_mb", budget.used(tag).mb())
        .member("peak_mb", budget.peak(tag).mb())
        .end_object();
  }
  json.end_array().end_object();
}

Result<> write_jobs(Json& json, const ApiContext& context) {
  M3U_TRY(const auto queued,
          context.store.jobs().list({.state = store::JobState::kQueued, .limit = 1000}));
  json.key("jobs").begin_object().member("queued", queued.size()).key("running").begin_array();
  for (const store::Job& job : context.workers.running()) write_job(json, context, job);
  json.end_array().end_object();
  return {};
}

void write_disk(Json& json, const std::filesystem::path& data) {
  std::error_code error;
  const auto space = std::filesystem::space(data, error);
  json.key("disk").begin_object().key("free_mb");
  if (error)
    json.null();
  else
    json.value(Bytes{space.available}.mb());
  json.end_object();
}

class StatusHandlers {
 public:
  explicit StatusHandlers(const ApiContext& context)
      : context_(context), started_(context.clock()) {}

  Answer status(Call& call);
  Answer history(Call& call);

 private:
  const ApiContext& context_;
  store::Time started_;
};

Answer StatusHandlers::status(Call& /*call*/) {
  std::string text;
  Json json(text);
  bool ready = true;
  for (const auto& proxy : context_.published.all()) ready = ready && proxy->has_generation();
  json.begin_object()
      .member("version", std::string_view(context_.version))
      .member("uptime_s",
              std::chrono::duration_cast<std::chrono::seconds>(context_.clock() - started_).count())
      .member("ready", ready)
      .member("database", context_.store.place());
  write_memory(json, context_.process);
  M3U_CHECK(write_jobs(json, context_));
  write_disk(json, context_.data);
  const http::ServerCounters counters = context_.http_counters();
  std::uint64_t requests = 0;
  for (const http::RouteCounters& route : counters.routes)
    for (const std::uint64_t answers : route.by_class) requests += answers;
  json.key("http")
      .begin_object()
      .member("connections", counters.open)
      .member("limit", counters.limit)
      .member("requests", requests)
      .end_object()
      .end_object();
  return json_answer(std::move(text));
}

Answer StatusHandlers::history(Call& call) {
  const auto text_of_id = http::query_value(call.request.query, "proxy");
  if (!text_of_id) return field_problem("proxy", "required", "proxy is missing");
  const auto id = parse_uuid(*text_of_id);
  if (!id) return field_problem("proxy", "invalid", "proxy is no id");
  M3U_TRY(const memory::RunHistory runs, context_.store.runs().history(*id));
  std::string text;
  Json json(text);
  json.begin_object().key("items").begin_array();
  for (const memory::RunRecord& run : runs.runs()) {
    json.begin_object()
        .member("finished", std::string_view(format_rfc3339(run.finished)))
        .member("channels", run.channels)
        .member("programmes", run.guide_programmes)
        .member("peak_mb", run.peak_mb)
        .member("limit_mb", run.limit_mb)
        .key("stages")
        .begin_array();
    for (const memory::StagePeak& stage : run.stages)
      json.begin_object()
          .member("name", std::string_view(stage.stage))
          .member("peak_mb", stage.peak_mb)
          .end_object();
    json.end_array().end_object();
  }
  json.end_array().key("next_cursor").null().end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_status_routes(Operations& operations, const ApiContext& context) {
  const auto handlers = std::make_shared<StatusHandlers>(context);
  M3U_CHECK(operations.add(http::Method::kGet, "/status", {.id = "getStatus"},
                           [handlers](Call& call) { return handlers->status(call); }));
  return operations.add(http::Method::kGet, "/history", {.id = "listRuns"},
                        [handlers](Call& call) { return handlers->history(call); });
}

}  // namespace m3u_proxy::api
