// The operator's door to the edits of channels, and to the channels by whose ids they go.
#pragma once

#include <m3u_proxy/daemon/control_routes.hpp>
#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::daemon {

/// GET /edits, PUT and DELETE /edits/{channel}, GET /proxies/{name}/channels. Error: as
/// Router::add().
Result<> add_edit_routes(http::Router& router, const ControlContext& context);

}  // namespace m3u_proxy::daemon
