#include <algorithm>
#include <array>
#include <map>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/metrics_route.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/monitoring/metric_text.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::daemon {
namespace {

using monitoring::MetricText;
using monitoring::MetricType;
using enum MetricType;

constexpr std::size_t kMostSamples = 500;
constexpr std::string_view kType = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kMostQueued = 1000;
/// Fields that reverse proxies add to requests.
constexpr std::array<std::string_view, 7> kOfProxies = {
    "Forwarded",         "Via",       "X-Forwarded-For",   "X-Forwarded-Host",
    "X-Forwarded-Proto", "X-Real-IP", "X-Forwarded-Server"};
constexpr std::chrono::seconds kTryAgain{5};

/// A family with a sample for each of `items`, up to the bound.
template <typename Items, typename Sample>
void each(MetricText& out, std::string_view name, MetricType type, std::string_view help,
          const Items& items, Sample sample) {
  out.family(name, type, help);
  std::size_t count = 0;
  for (const auto& item : items) {
    if (++count > kMostSamples) return;
    sample(item);
  }
}

void write_memory(MetricText& out, const MetricsContext& context) {
  memory::Budget& budget = context.process.budget();
  out.family("m3u_proxy_memory_reserved_bytes", kGauge, "Memory reserved from the budget, by tag.");
  for (std::size_t i = 0; i < memory::kTagCount; ++i) {
    const auto tag = static_cast<memory::Tag>(i);
    out.sample({{"tag", memory::to_string(tag)}}, static_cast<double>(budget.used(tag).count));
  }
  if (const auto limit = context.process.memory_limit())
    out.one("m3u_proxy_memory_limit_bytes", kGauge, "The most memory the process may take.",
            static_cast<double>(limit->count));
  const memory::MemorySample sample = context.process.memory().sample();
  out.one("m3u_proxy_memory_pressure_level", kGauge,
          "Pressure on memory: 0 optimal, 1 moderate, 2 high, 3 critical, 4 emergency.",
          static_cast<double>(sample.level));
  out.one("process_resident_memory_bytes", kGauge, "Resident memory size in bytes.",
          static_cast<double>(sample.resident.count));
  out.one("process_start_time_seconds", kGauge, "Start time of the process since 1970.",
          static_cast<double>(context.started));
}

void write_work(MetricText& out, const Figures& figures) {
  out.one("m3u_proxy_memory_cleanups_total", kCounter, "Cleanups of memory in generations.",
          static_cast<double>(figures.cleanups));
  out.one("m3u_proxy_memory_cleanup_failures_total", kCounter, "Cleanups that failed.",
          static_cast<double>(figures.cleanup_failures));
  out.one("m3u_proxy_memory_freed_bytes_total", kCounter, "Memory that cleanups gave back.",
          figures.freed_bytes);
  out.one("m3u_proxy_spill_bytes_total", kCounter, "Bytes that memory had no room for, on disk.",
          static_cast<double>(figures.spilled_bytes));
  out.one("m3u_proxy_spill_files_total", kCounter, "Temporary files of what was spilled.",
          static_cast<double>(figures.spilled_files));
  each(out, "m3u_proxy_stage_seconds_total", kCounter, "Time in a stage of generations.",
       figures.stages, [&](const auto& s) { out.sample({{"stage", s.first}}, s.second.seconds); });
  each(out, "m3u_proxy_stage_items_total", kCounter, "Items that a stage passed on.",
       figures.stages, [&](const auto& s) {
         out.sample({{"stage", s.first}}, static_cast<double>(s.second.items));
       });
  each(out, "m3u_proxy_plugin_memory_peak_bytes", kGauge,
       "Most memory of a plugin's instances together, in its last generation.", figures.plugins,
       [&](const auto& p) { out.sample({{"plugin", p.first}}, p.second.peak_bytes); });
  each(out, "m3u_proxy_plugin_failures_total", kCounter, "Chunks that a plugin failed.",
       figures.plugins, [&](const auto& p) {
         out.sample({{"plugin", p.first}}, static_cast<double>(p.second.failures));
       });
}

void write_proxies(MetricText& out, const Figures& figures) {
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    each(out, name, kGauge, help, figures.proxies, [&](const ProxyState& proxy) {
      out.sample({{"proxy", proxy.name}}, static_cast<double>(value(proxy)));
    });
  };
  gauge("m3u_proxy_generation_number", "The generation that is served; 0: none.",
        [](const ProxyState& p) { return p.number; });
  gauge("m3u_proxy_generation_timestamp_seconds", "When it was made, since 1970.",
        [](const ProxyState& p) { return p.made; });
  gauge("m3u_proxy_generation_channels", "Channels that are served.",
        [](const ProxyState& p) { return p.channels; });
  gauge("m3u_proxy_generation_programmes", "Programmes that are served.",
        [](const ProxyState& p) { return p.programmes; });
  gauge("m3u_proxy_generation_held", "Whether a roll back holds the proxy.",
        [](const ProxyState& p) { return p.held ? 1 : 0; });
  const auto last = [&](std::string_view name, std::string_view help,
                        double GenerationFigures::* value) {
    each(out, name, kGauge, help, figures.generations, [&](const auto& entry) {
      out.sample({{"proxy", entry.second.proxy}}, entry.second.*value);
    });
  };
  last("m3u_proxy_generation_duration_seconds", "How long the last generation took.",
       &GenerationFigures::seconds);
  last("m3u_proxy_generation_peak_memory_bytes", "Peak of memory in the last generation.",
       &GenerationFigures::peak_bytes);
  last("m3u_proxy_generation_channels_per_megabyte",
       "Channels per MB of peak memory in the last generation.",
       &GenerationFigures::channels_per_mb);
}

void write_sources(MetricText& out, const Figures& figures) {
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    each(out, name, kGauge, help, figures.sources, [&](const SourceState& source) {
      out.sample({{"source", source.name}, {"kind", source.is_guide ? "guide" : "playlist"}},
                 static_cast<double>(value(source)));
    });
  };
  gauge("m3u_proxy_source_items", "Channels or programmes of the current copy.",
        [](const SourceState& s) { return s.items; });
  gauge("m3u_proxy_source_confirmed_timestamp_seconds",
        "When the source last said that its copy is current, since 1970; 0: never.",
        [](const SourceState& s) { return s.confirmed; });
  gauge("m3u_proxy_source_failures", "Failed tries to fetch it, in a row.",
        [](const SourceState& s) { return s.failures; });
  gauge("m3u_proxy_source_quarantined", "Whether a suspicious reply waits to be accepted.",
        [](const SourceState& s) { return s.quarantined ? 1 : 0; });
}

void write_jobs(MetricText& out, const MetricsContext& context, const Figures& figures) {
  each(out, "m3u_proxy_jobs_total", kCounter, "Jobs that ended, by kind and how.", figures.jobs,
       [&](const auto& entry) {
         out.sample({{"kind", entry.first.first}, {"state", entry.first.second}},
                    static_cast<double>(entry.second));
       });
  each(out, "m3u_proxy_job_seconds_total", kCounter, "Time in jobs that ended.",
       figures.job_seconds,
       [&](const auto& entry) { out.sample({{"kind", entry.first}}, entry.second); });
  std::map<std::string, double> running;
  for (const auto& [job, stage] : context.workers.running()) ++running[job.kind];
  each(out, "m3u_proxy_jobs_running", kGauge, "Jobs that run.", running,
       [&](const auto& entry) { out.sample({{"kind", entry.first}}, entry.second); });
  if (const auto queued =
          context.store.jobs().list({.state = store::JobState::kQueued, .limit = kMostQueued}))
    out.one("m3u_proxy_jobs_queued", kGauge, "Jobs that wait, 1000 at most.",
            static_cast<double>(queued->size()));
  each(out, "m3u_proxy_alerts_active", kGauge, "Alerts that are not over.", context.alerts.active(),
       [&](const auto& entry) {
         out.sample({{"kind", entry.first}}, static_cast<double>(entry.second));
       });
}

void write_http(MetricText& out, const http::ServerCounters& counters) {
  constexpr std::array<std::string_view, 6> kCodes = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};
  // Several methods of one address are one sample.
  struct Sum {
    std::array<std::uint64_t, 6> by_class{};
    double bytes = 0;
    double seconds = 0;
  };
  std::map<std::string, Sum> routes;
  for (const http::RouteCounters& route : counters.routes) {
    Sum& sum = routes[route.route == nullptr ? std::string("none") : route.route->pattern];
    for (std::size_t i = 0; i < sum.by_class.size(); ++i) sum.by_class[i] += route.by_class[i];
    sum.bytes += static_cast<double>(route.bytes);
    sum.seconds += std::chrono::duration<double>(route.duration).count();
  }
  each(out, "m3u_proxy_http_requests_total", kCounter, "Answers, by route and kind.", routes,
       [&](const auto& entry) {
         for (std::size_t i = 0; i < kCodes.size(); ++i)
           if (entry.second.by_class[i] != 0)
             out.sample({{"route", entry.first}, {"code", kCodes[i]}},
                        static_cast<double>(entry.second.by_class[i]));
       });
  each(out, "m3u_proxy_http_sent_bytes_total", kCounter, "Bytes of answers, heads included.",
       routes,
       [&](const auto& entry) { out.sample({{"route", entry.first}}, entry.second.bytes); });
  each(out, "m3u_proxy_http_request_seconds_total", kCounter,
       "Time from a request's head to the end of its answer.", routes,
       [&](const auto& entry) { out.sample({{"route", entry.first}}, entry.second.seconds); });
  out.one("m3u_proxy_http_connections", kGauge, "Connections that are open.",
          static_cast<double>(counters.open));
  out.one("m3u_proxy_http_connections_limit", kGauge, "The most that may be open.",
          static_cast<double>(counters.limit));
  out.one("m3u_proxy_http_connections_accepted_total", kCounter, "Connections since the start.",
          static_cast<double>(counters.connections));
  out.one("m3u_proxy_http_connections_rejected_total", kCounter,
          "Of them, answered 503 because there were too many.",
          static_cast<double>(counters.rejected));
  out.one("m3u_proxy_http_connections_rejected_by_address_total", kCounter,
          "Of these, because their address had its share.",
          static_cast<double>(counters.rejected_by_address));
  out.one("m3u_proxy_http_connections_closed_for_room_total", kCounter,
          "Connections without a request that were closed to let others in.",
          static_cast<double>(counters.closed_for_room));
  each(out, "m3u_proxy_http_door_requests", kGauge,
       "Requests under way, by door (part of the service).", counters.doors,
       [&](const http::DoorCounters& door) {
         out.sample({{"door", door.name}}, static_cast<double>(door.under_way));
       });
  each(out, "m3u_proxy_http_door_refused_total", kCounter,
       "Requests answered 503 because their door had too many under way.", counters.doors,
       [&](const http::DoorCounters& door) {
         out.sample({{"door", door.name}}, static_cast<double>(door.refused));
       });
}

bool may_read(const MetricsContext& context, const http::Request& request) {
  if (!context.token.empty()) {
    return store::equal_secrets(request.header("Authorization"), "Bearer " + context.token)
        .value_or(false);
  }
  const bool came_through_a_proxy = std::ranges::any_of(
      kOfProxies, [&](std::string_view name) { return !request.header(name).empty(); });
  return !came_through_a_proxy && (!request.peer || request.peer->is_loopback());
}

/// A page whose name leads to this machine must not read them with its visitor's browser.
bool is_for_us(const MetricsContext& context, const http::Request& request) {
  return http::base_address(
             request.headers,
             {.peer = request.peer, .secure = request.secure, .local_port = request.local_port},
             *context.addresses.get())
      .has_value();
}

}  // namespace

std::string metrics_text(const MetricsContext& context) {
  MetricText out;
  const Figures figures = context.view.figures();
  out.family("m3u_proxy_build_info", kGauge, "The version, as a label.")
      .sample({{"version", context.version}}, 1);
  write_memory(out, context);
  write_work(out, figures);
  write_proxies(out, figures);
  write_sources(out, figures);
  write_jobs(out, context, figures);
  write_http(out, context.http());
  if (const auto free = context.view.free_disk())
    out.one("m3u_proxy_disk_free_bytes", kGauge, "Room for the data folder.",
            static_cast<double>(*free));
  return out.text();
}

Result<> add_metrics_route(http::Router& router, const MetricsContext& context) {
  return router.add_deferred(
      http::Method::kGet, "/metrics",
      [context](const std::shared_ptr<http::Request>& request, http::Responder responder) {
        if (!may_read(context, *request))
          return responder.send(http::text_response(
              403, "Figures are for this machine, or for those who have [http] metrics_token.\n"));
        if (context.token.empty() && !is_for_us(context, *request))
          return responder.send(http::text_response(421, "This host is not this service's.\n"));
        const auto answer = std::make_shared<http::Responder>(std::move(responder));
        const bool taken = context.questions.add([context, answer](const CancelToken& /*cancel*/) {
          answer->send(http::text_response(200, metrics_text(context), kType));
        });
        if (!taken) answer->send(http::retry_response(503, kTryAgain, "busy, try again\n"));
      },
      {.door = "metrics"});
}

}  // namespace m3u_proxy::daemon
