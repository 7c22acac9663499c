// /logos: pictures that people uploaded, which rules, edits and channels name as `@logo:` and the
// id.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as Operations::add().
Result<> add_logo_routes(Operations& operations, const ApiContext& context,
                         const std::shared_ptr<PublishedData>& data);

}  // namespace m3u_proxy::api
