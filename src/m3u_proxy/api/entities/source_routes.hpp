// Source routes: what can be done with a source or EPG source besides changing it.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as http::Router::add().
Result<> add_source_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
