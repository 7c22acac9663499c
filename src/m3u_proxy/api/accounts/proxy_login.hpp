// ProxyLogin: a login by the word of a reverse proxy that asked for the password itself (Authelia,
// Authentik, oauth2-proxy): it names the user in a header field.
//
// That field counts only in requests that come from a trusted proxy's own address; from anybody
// else it is as if it were not there. Nothing is remembered between requests: with the proxy's word
// the login ends. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/principal.hpp>
#include <m3u_proxy/config/service_config.hpp>
#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

class ProxyLogin {
 public:
  static constexpr std::size_t kLongestName = 100;

  /// All outlive this.
  ProxyLogin(store::Store& store, const http::LivePolicy& addresses, jobs::Clock clock)
      : store_(store), addresses_(addresses), clock_(std::move(clock)) {}

  /// What holds from now on.
  void configure(const config::LoginConfig& config);

  /// nullopt: no trusted proxy says who it is. Problems: 401, when one names somebody who may not
  /// come in, or in a way that leaves open whom; those of the store.
  Outcome<std::optional<Principal>> identify(const http::Request& request);

 private:
  using Config = std::shared_ptr<const config::LoginConfig>;
  struct Word {
    std::string_view name;
    std::optional<Role> role;  ///< of the groups; nullopt: groups say nothing
  };

  [[nodiscard]] Config config() const;
  Outcome<std::optional<Word>> word_of(const http::Request& request,
                                       const config::LoginConfig& how);
  /// The user of that name, made or with another role where the proxy's word says so.
  Outcome<store::User> user_of(const Word& word, const config::LoginConfig& how);
  Outcome<store::User> make(const Word& word, Role role);
  Outcome<store::User> with_role(store::User user, Role role);
  Result<> record(std::string_view action, const store::User& user, std::string_view before);

  store::Store& store_;
  const http::LivePolicy& addresses_;
  jobs::Clock clock_;
  mutable std::mutex mutex_;
  Config config_ = std::make_shared<const config::LoginConfig>();
};

}  // namespace m3u_proxy::api
