// /logos: pictures that people uploaded, which rules, edits and channels name as `@logo:` and the
// id.
#pragma once

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as Operations::add().
Result<> add_logo_routes(Operations& operations, const ApiContext& context);

}  // namespace m3u_proxy::api
