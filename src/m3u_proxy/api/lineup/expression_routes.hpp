// Expression routes: what is wrong with an expression, what can be written next, and what it does
// to the channels and programmes that there are.
#pragma once

#include <memory>

#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_expression_routes(Operations& operations, const ApiContext& context,
                               const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
