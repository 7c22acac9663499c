// Query routes: everything that is asked about what is published, put together.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// The context and `access` outlive the router. Error: as http::Router::add().
Result<> add_query_routes(Operations& operations, Access& access, const ApiContext& context,
                          const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
