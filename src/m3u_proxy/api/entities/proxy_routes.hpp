// Proxy routes: what a proxy has published, compared, taken back, made again, downloaded; and who
// may have it.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as http::Router::add().
Result<> add_proxy_routes(Operations& operations, const ApiContext& context,
                          const std::shared_ptr<PublishedData>& data);
Result<> add_output_token_routes(Operations& operations, const ApiContext& context,
                                 const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
