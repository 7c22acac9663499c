// Account routes: users, API tokens and the audit log: what administrators see and set.
#pragma once

#include <m3u_proxy/api/accounts/session_routes.hpp>

namespace m3u_proxy::api {

/// Error: as http::Router::add().
Result<> add_user_routes(Operations& operations, const SessionContext& context);
Result<> add_token_routes(Operations& operations, const ApiContext& context);
Result<> add_audit_routes(Operations& operations, const ApiContext& context);

}  // namespace m3u_proxy::api
