// API routes: every operation of the API, put together.
#pragma once

#include <m3u_proxy/api/accounts/session_routes.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_api_routes(Operations& operations, const SessionContext& sessions);

/// The pages that show the document, under /api/docs. Error: as http::Router::add().
Result<> add_docs_routes(http::Router& router);

}  // namespace m3u_proxy::api
