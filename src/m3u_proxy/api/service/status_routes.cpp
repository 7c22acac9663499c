#include <algorithm>
#include <filesystem>

#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/service/disk_use.hpp>
#include <m3u_proxy/api/service/service_routes.hpp>

namespace m3u_proxy::api {
namespace {

constexpr int kMostQueued = 1000;

void write_size(Json& json, std::string_view name, std::optional<Bytes> size) {
  json.key(name);
  if (size)
    json.value(size->mb());
  else
    json.null();
}

void write_tags(Json& json, const memory::Budget& budget) {
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
  json.end_array();
}

void write_memory(Json& json, runtime::Process& process) {
  const memory::MemorySample sample = process.memory().sample();
  const memory::Budget& budget = process.budget();
  json.key("memory").begin_object();
  write_size(json, "rss_mb",
             sample.resident.count == 0 ? std::nullopt : std::optional(sample.resident));
  json.member("used_mb", budget.used().mb()).member("peak_mb", budget.peak().mb());
  write_size(json, "limit_mb", process.memory_limit());
  json.member("pressure", memory::to_string(sample.level));
  write_tags(json, budget);
  const spill::SpillStats spilled = process.spilled();
  json.key("spill")
      .begin_object()
      .member("used_mb", Bytes{spilled.live}.mb())
      .member("peak_mb", Bytes{spilled.peak}.mb())
      .member("written_mb", Bytes{spilled.total}.mb())
      .member("files", spilled.files)
      .end_object()
      .end_object();
}

void write_cleanups(Json& json, const runtime::CleanupLog& log) {
  json.key("cleanups").begin_array();
  for (const auto& [at, stats] : log.entries()) {
    json.begin_object();
    time_member(json, "at", store::Time(std::chrono::seconds(at)));
    json.member("stage", std::string_view(stats.stage))
        .member("strategy", memory::to_string(stats.strategy))
        .member("reason", memory::to_string(stats.cause))
        .member("freed_mb", stats.freed_mb)
        .member("items", stats.items_cleaned)
        .member("duration_ms", std::chrono::duration<double, std::milli>(stats.duration).count())
        .end_object();
  }
  json.end_array();
}

Result<> write_jobs(Json& json, const ApiContext& context) {
  M3U_TRY(const auto queued,
          context.store.jobs().list({.state = store::JobState::kQueued, .limit = kMostQueued}));
  json.key("jobs").begin_object().member("queued", queued.size()).key("running").begin_array();
  for (const auto& [job, stage] : context.workers.running()) write_job(json, context, job);
  json.end_array().end_object();
  return {};
}

void write_alerts(Json& json, const monitoring::AlertCenter& alerts) {
  json.key("alerts").begin_array();
  for (const auto& [alert, since] : alerts.standing()) {
    json.begin_object()
        .member("cause", std::string_view(alert.kind))
        .member("about", std::string_view(alert.about));
    time_member(json, "since", store::Time(std::chrono::seconds(since)));
    json.member("message", std::string_view(alert.text)).end_object();
  }
  json.end_array();
}

void write_http(Json& json, const http::ServerCounters& counters) {
  std::uint64_t requests = 0;
  for (const http::RouteCounters& route : counters.routes)
    for (const std::uint64_t answers : route.by_class) requests += answers;
  json.key("http")
      .begin_object()
      .member("connections", counters.open)
      .member("limit", counters.limit)
      .member("requests", requests)
      .end_object();
}

class StatusHandlers {
 public:
  explicit StatusHandlers(const ApiContext& context)
      : context_(context), started_(context.clock()), disk_(context.data) {}

  Answer status();

 private:
  void write_disk(Json& json);

  const ApiContext& context_;
  store::Time started_;
  DiskUse disk_;
};

void StatusHandlers::write_disk(Json& json) {
  std::error_code error;
  const auto space = std::filesystem::space(context_.data, error);
  json.key("disk").begin_object();
  write_size(json, "free_mb", error ? std::nullopt : std::optional(Bytes{space.available}));
  const auto used = disk_.used();
  write_size(json, "used_mb", used ? std::optional(Bytes{*used}) : std::nullopt);
  json.end_object();
}

Answer StatusHandlers::status() {
  std::string text;
  Json json(text);
  const auto proxies = context_.published.all();
  const std::string_view place = context_.store.place();
  const auto up = context_.clock() - started_;
  json.begin_object()
      .member("version", std::string_view(context_.version))
      .member("uptime_s", std::chrono::duration_cast<std::chrono::seconds>(up).count())
      .member("ready",
              std::ranges::all_of(proxies, [](const auto& p) { return p->has_generation(); }))
      .member("database", place)
      .member("database_kind", place.starts_with("postgresql://") ? "postgresql" : "sqlite");
  write_memory(json, context_.process);
  write_cleanups(json, context_.process.cleanups());
  M3U_CHECK(write_jobs(json, context_));
  write_disk(json);
  write_alerts(json, context_.alerts);
  write_http(json, context_.http_counters());
  json.end_object();
  return json_answer(std::move(text));
}

}  // namespace

Result<> add_status_routes(Operations& operations, const ApiContext& context) {
  const auto handlers = std::make_shared<StatusHandlers>(context);
  return operations.add(http::Method::kGet, "/status", {.id = "getStatus"},
                        [handlers](Call&) { return handlers->status(); });
}

}  // namespace m3u_proxy::api
