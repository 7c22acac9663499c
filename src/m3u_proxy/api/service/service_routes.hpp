// Service routes: how the service is doing, its settings and its plugins.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Errors: as Operations::add().
Result<> add_status_routes(Operations& operations, const ApiContext& context);
Result<> add_history_routes(Operations& operations, const ApiContext& context);
Result<> add_settings_routes(Operations& operations, const ApiContext& context,
                             const std::shared_ptr<PublishedData>& data);
Result<> add_plugin_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
