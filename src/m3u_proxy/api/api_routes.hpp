// API routes: every operation of the API, put together.
#pragma once

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/api/session_routes.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_api_routes(Operations& operations, const SessionContext& sessions);

}  // namespace m3u_proxy::api
