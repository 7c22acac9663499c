// Session routes: setup, login, logout, the own password.
#pragma once

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/api/accounts/login_limiter.hpp>
#include <m3u_proxy/api/accounts/setup_link.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>

namespace m3u_proxy::api {

/// All outlive the server.
struct SessionContext {
  const ApiContext& api;
  Access& access;
  store::Passwords& passwords;
  SetupLink& setup;
  LoginLimiter& limiter;
};

/// Error: as http::Router::add().
Result<> add_session_routes(Operations& operations, const SessionContext& context);

}  // namespace m3u_proxy::api
