// Status routes: what a supervisor asks: /live, /ready, /health.
#pragma once

#include <functional>

#include <m3u_proxy/daemon/state_view.hpp>
#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::daemon {

/// All thread-safe; what they name outlives the server.
struct StatusContext {
  std::function<bool()> ready;
  const StateView& view;
  const monitoring::AlertCenter& alerts;
  runtime::Process& process;
  std::string version;
};

/// /live answers 200 as long as the process answers at all; /ready 200 once every proxy has
/// something to serve, else 503; /health says how it is in figures without names, as JSON: "ok",
/// "degraded" while an alert is not over, or "starting". Error: as Router::add().
Result<> add_status_routes(http::Router& router, const StatusContext& context);

}  // namespace m3u_proxy::daemon
