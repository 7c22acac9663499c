#include <m3u_proxy/api/api.hpp>
#include <m3u_proxy/api/api_routes.hpp>

namespace m3u_proxy::api {

Api::Api(http::Router& router, ApiContext context)
    : context_(std::move(context)),
      passwords_(context_.process.budget()),
      access_(context_.store, context_.addresses, context_.clock),
      setup_(context_.store, passwords_, context_.data),
      operations_(router, access_, context_) {}

Api::~Api() { stop(); }

void Api::stop() { operations_.stop(); }

Result<std::unique_ptr<Api>> Api::create(http::Router& router, ApiContext context,
                                         const std::optional<FirstAdmin>& admin) {
  std::unique_ptr<Api> api(new Api(router, std::move(context)));
  api->configure(api->context_.configuration.login);
  M3U_CHECK(api->setup_.prepare(admin, api->context_.clock()));
  M3U_CHECK(add_api_routes(api->operations_, {.api = api->context_,
                                              .access = api->access_,
                                              .passwords = api->passwords_,
                                              .setup = api->setup_,
                                              .limiter = api->limiter_}));
  M3U_CHECK(add_docs_routes(router));
  return api;
}

}  // namespace m3u_proxy::api
