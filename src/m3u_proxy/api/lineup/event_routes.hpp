// Event routes: one stream of everything that happens.
#pragma once

#include <memory>

#include <m3u_proxy/api/lineup/event_hub.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `access` outlives the routes. Error: as http::Router::add().
Result<> add_event_routes(Operations& operations, Access& access,
                          const std::shared_ptr<EventHub>& events);

}  // namespace m3u_proxy::api
