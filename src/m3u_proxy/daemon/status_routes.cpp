#include <m3u_proxy/daemon/status_routes.hpp>

namespace m3u_proxy::daemon {

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
        const bool ready = context.ready();
        return http::text_response(
            200, ready ? R"({"status":"ok","ready":true})" : R"({"status":"ok","ready":false})",
            "application/json");
      },
      door);
}

}  // namespace m3u_proxy::daemon
