// Explain routes: why a channel is published as it is, or is not.
#pragma once

#include <memory>

#include <m3u_proxy/api/lineup/guide_catalog.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_explain_routes(Operations& operations, const ApiContext& context,
                            const std::shared_ptr<PublishedData>& data,
                            const std::shared_ptr<GuideCatalog>& catalog);

}  // namespace m3u_proxy::api
