// Edit routes: what people decide about single channels: listed, made, changed, taken back, for one
// proxy or for all.
#pragma once

#include <memory>
#include <optional>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as http::Router::add().
Result<> add_edit_routes(Operations& operations, const ApiContext& context,
                         const std::shared_ptr<PublishedData>& data);
/// Those for many channels at once; the same.
Result<> add_bulk_edit_routes(Operations& operations, const ApiContext& context,
                              const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
