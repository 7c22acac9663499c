#include <algorithm>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/daemon/status_routes.hpp>

namespace m3u_proxy::daemon {
namespace {

std::string health_of(const StatusContext& context) {
  const bool ready = context.ready();
  const Figures figures = context.view.figures();
  const auto alerts = context.alerts.active();
  const auto count = [](const auto& list, auto is_so) {
    return static_cast<std::int64_t>(std::ranges::count_if(list, is_so));
  };
  std::string text;
  JsonWriter json(text);
  json.begin_object()
      .member("status", !ready           ? std::string_view("starting")
                        : alerts.empty() ? std::string_view("ok")
                                         : std::string_view("degraded"))
      .member("ready", ready)
      .member("version", std::string_view(context.version));
  json.key("proxies")
      .begin_object()
      .member("all", figures.proxies.size())
      .member("served", count(figures.proxies, [](const ProxyState& p) { return p.number != 0; }))
      .member("held", count(figures.proxies, [](const ProxyState& p) { return p.held; }))
      .end_object();
  json.key("sources")
      .begin_object()
      .member("all", figures.sources.size())
      .member("failing",
              count(figures.sources, [](const SourceState& s) { return s.failures > 0; }))
      .member("quarantined",
              count(figures.sources, [](const SourceState& s) { return s.quarantined; }))
      .end_object();
  json.key("alerts").begin_object();
  for (const auto& [kind, number] : alerts) json.member(kind, number);
  json.end_object();
  const memory::MemorySample memory = context.process.memory().sample();
  json.key("memory").begin_object().member("rss_mb", memory.resident.mb());
  if (const auto limit = context.process.memory_limit()) json.member("limit_mb", limit->mb());
  json.member("pressure", memory::to_string(memory.level)).end_object();
  if (const auto free = context.view.free_disk())
    json.key("disk").begin_object().member("free_mb", Bytes{*free}.mb()).end_object();
  json.end_object();
  text.push_back('\n');
  return text;
}

}  // namespace

Result<> add_status_routes(http::Router& router, const StatusContext& context) {
  using http::Method;
  using http::Request;
  const http::RouteOptions door{.door = "status"};
  M3U_CHECK(router.add(
      Method::kGet, "/live", [](Request&) { return http::text_response(200, "live\n"); }, door));
  M3U_CHECK(router.add(
      Method::kGet, "/ready",
      [context](Request&) {
        return context.ready()
                   ? http::text_response(200, "ready\n")
                   : http::retry_response(503, std::chrono::seconds(2),
                                          "something is being made for the first time\n");
      },
      door));
  return router.add(
      Method::kGet, "/health",
      [context](Request&) {
        return http::text_response(200, health_of(context), "application/json");
      },
      door);
}

}  // namespace m3u_proxy::daemon
