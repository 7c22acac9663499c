// Job routes: what was, is and will be done.
#pragma once

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as http::Router::add().
Result<> add_job_routes(Operations& operations, const ApiContext& context);

}  // namespace m3u_proxy::api
