// Query routes: everything that is asked about what is published, put together.
#pragma once

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// The context outlives the router. Error: as http::Router::add().
Result<> add_query_routes(Operations& operations, const ApiContext& context);

}  // namespace m3u_proxy::api
