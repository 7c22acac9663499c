#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/outputs/cross_origin.hpp>
#include <m3u_proxy/outputs/logo_picture.hpp>
#include <m3u_proxy/outputs/logo_routes.hpp>
#include <m3u_proxy/outputs/output_routes.hpp>

namespace m3u_proxy::outputs {
namespace {

using http::Request;
using http::Response;

constexpr std::chrono::seconds kTryAgain{30};
constexpr std::size_t kLongestAddress = 2048;

Response not_found() { return http::text_response(404, "There is no such logo.\n"); }

/// Not the table of codes (base/error_kind.hpp): for a player a picture that is none is not there,
/// and what else fails is the web's fault, not its own.
Response failure(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
    case ErrorCode::kParse:
    case ErrorCode::kInvalidArgument:
      return not_found();
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverBudget:
    case ErrorCode::kCancelled:
      return http::retry_response(503, kTryAgain, "not now, try again\n");
    default:
      log::debug("outputs", "a logo cannot be served: {}", redact_urls_in(to_string(error)));
      return http::text_response(502, "this logo cannot be had at present\n");
  }
}

bool may_be_fetched(std::string_view address) {
  return address.size() <= kLongestAddress && is_http_url(address);
}

void send_logo(const LogoContext& context, const std::shared_ptr<Request>& request,
               CrossOriginResponder responder) {
  const auto proxy = context.published.find(request->parameter("door"));
  const auto id = parse_uuid(request->parameter("logo"));
  if (!proxy || !id) return responder.send(not_found());
  if (const auto own = context.library.open(*id))
    return responder.send(picture_response(*request, *own));
  if (!proxy->has_generation()) return responder.send(not_made_yet());
  const auto address = proxy->logo_address(*id, context.budget, context.slabs);
  if (!address) return responder.send(failure(address.error()));
  if (!*address || !may_be_fetched(**address)) return responder.send(not_found());
  const auto answer = std::make_shared<CrossOriginResponder>(std::move(responder));
  context.cache.get(**address, [request, answer](const Result<logos::LogoFile>& logo) {
    answer->send(logo ? picture_response(*request, *logo) : failure(logo.error()));
  });
}

}  // namespace

Result<> add_logo_routes(http::Router& router, const LogoContext& context) {
  const std::string pattern = catalog::logo_prefix({}, "{door}") + "{logo}";
  M3U_CHECK(add_preflight(router, pattern, context.addresses));
  return router.add_deferred(
      http::Method::kGet, pattern,
      [context](const std::shared_ptr<Request>& request, http::Responder responder) {
        send_logo(context, request, {context.addresses, request, std::move(responder)});
      },
      // Those that wait for their pictures must not keep others from what is there; how many may
      // wait, the cache bounds.
      {.door = "outputs", .in_flight = 1024});
}

}  // namespace m3u_proxy::outputs
