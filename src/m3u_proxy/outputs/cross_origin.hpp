// Cross origin: which pages of other origins may read the outputs (CORS). Who knows an output's
// address may have it anyway; a page, however, reads it with its visitor's browser, from inside
// their network. Source: the Fetch standard, "CORS protocol".
#pragma once

#include <memory>
#include <utility>

#include <m3u_proxy/http/live_policy.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/http/responder.hpp>
#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/http/router.hpp>

namespace m3u_proxy::outputs {

/// Adds what lets the request's page read the answer, where the policy allows its origin.
void allow_origin(const http::AddressPolicy& policy, const http::Request& request,
                  http::Response& response);

/// Adds answers to browsers that ask before they ask (OPTIONS) at such addresses.
Result<> add_preflight(http::Router& router, std::string_view pattern,
                       const http::LivePolicy& addresses);

/// A Responder whose answer gets what allow_origin() adds.
class CrossOriginResponder {
 public:
  /// `addresses` outlives this.
  CrossOriginResponder(const http::LivePolicy& addresses, std::shared_ptr<http::Request> request,
                       http::Responder responder)
      : addresses_(addresses), request_(std::move(request)), responder_(std::move(responder)) {}

  void send(http::Response response) {
    allow_origin(*addresses_.get(), *request_, response);
    responder_.send(std::move(response));
  }

 private:
  const http::LivePolicy& addresses_;
  std::shared_ptr<http::Request> request_;
  http::Responder responder_;
};

}  // namespace m3u_proxy::outputs
