// Status routes: what a supervisor asks: /live, /ready, /health.
#pragma once

#include <functional>

#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::daemon {

struct StatusContext {
  std::function<bool()> ready;  ///< thread-safe
};

/// /live answers 200 as long as the process answers at all; /ready 200 once every proxy has
/// something to serve, else 503; /health says both as JSON. Error: as Router::add().
Result<> add_status_routes(http::Router& router, const StatusContext& context);

}  // namespace m3u_proxy::daemon
