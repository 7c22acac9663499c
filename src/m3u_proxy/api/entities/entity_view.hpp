// Entity view: entities as the API shows them, with how sources and proxies are doing.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/channels/source_stats.hpp>

namespace m3u_proxy::api {

/// The member "account", as the document has it: null without one.
void account_member(Json& json, const std::optional<channels::AccountStats>& account);

/// Without status: for lists of changes. Errors: of a body that is no JSON.
Result<std::string> entity_json(const store::Entity& entity);
/// With `status`, for who asks. Errors: of the store.
Result<std::string> entity_json(const ApiContext& context, const Call& call,
                                const store::Entity& entity);
/// A job, with its report where it has one.
void write_job(Json& json, const ApiContext& context, const store::Job& job);
/// Where a proxy's outputs are.
struct OutputAddresses {
  std::string playlist;
  std::string guide;
};
OutputAddresses output_addresses(const http::BaseAddress& base, std::string_view door);

}  // namespace m3u_proxy::api
