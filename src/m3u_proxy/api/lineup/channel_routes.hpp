// Channel routes: the channels of what is published: pages, single ones, groups.
#pragma once

#include <memory>

#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_channel_routes(Operations& operations, const ApiContext& context,
                            const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
