// Service routes: how the service is doing, its settings and its plugins.
#pragma once

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Errors: as Operations::add().
Result<> add_status_routes(Operations& operations, const ApiContext& context);
Result<> add_history_routes(Operations& operations, const ApiContext& context);
Result<> add_settings_routes(Operations& operations, const ApiContext& context);
Result<> add_plugin_routes(Operations& operations, const ApiContext& context);

}  // namespace m3u_proxy::api
