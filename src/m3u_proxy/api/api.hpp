// Api: the API as a part of a service: its operations, and what they keep between requests.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/api/accounts/login_limiter.hpp>
#include <m3u_proxy/api/accounts/setup_link.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/store/passwords.hpp>

namespace m3u_proxy::api {

class Api {
 public:
  /// Adds its routes to `router`, which goes before this. Errors: those of SetupLink::prepare() and
  /// http::Router::add().
  static Result<std::unique_ptr<Api>> create(http::Router& router, ApiContext context,
                                             const std::optional<FirstAdmin>& admin);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  /// stop().
  ~Api();

  /// Waits for what runs. After the server has stopped.
  void stop();
  /// How proxies say who somebody is, from now on. Thread-safe.
  void configure(const config::LoginConfig& login) { access_.configure(login); }
  /// What opens the setup; nullopt: there is an administrator.
  [[nodiscard]] std::optional<std::string> setup_token() { return setup_.token(); }
  [[nodiscard]] const Operations& operations() const { return operations_; }

 private:
  Api(http::Router& router, ApiContext context);

  ApiContext context_;
  store::Passwords passwords_;
  Access access_;
  SetupLink setup_;
  LoginLimiter limiter_;
  Operations operations_;
};

}  // namespace m3u_proxy::api
