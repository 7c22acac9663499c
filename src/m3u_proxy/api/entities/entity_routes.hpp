// Entity routes: sources, EPG sources, filters, rules and proxies: listed, made, changed, removed,
// put in order.
#pragma once

#include <memory>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// `context` outlives the server. Error: as http::Router::add().
Result<> add_entity_routes(Operations& operations, const ApiContext& context,
                           const std::shared_ptr<PublishedData>& data);

/// The entity of a kind that the path's id names. Problem 404.
Outcome<store::Entity> find_entity(const ApiContext& context, const Call& call,
                                   store::EntityKind kind);

}  // namespace m3u_proxy::api
