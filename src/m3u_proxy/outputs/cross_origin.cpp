#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/outputs/cross_origin.hpp>

namespace m3u_proxy::outputs {
namespace {

constexpr std::string_view kAny = "*";

/// What the answer says of the request's origin; empty: nothing.
std::string_view allowed_origin(const http::AddressPolicy& policy, std::string_view origin) {
  for (const std::string& allowed : policy.allowed_origins) {
    if (allowed == kAny) return kAny;
    if (!origin.empty() && equals_ascii_case(allowed, origin)) return origin;
  }
  return {};
}

}  // namespace

void allow_origin(const http::AddressPolicy& policy, const http::Request& request,
                  http::Response& response) {
  if (policy.allowed_origins.empty()) return;
  const std::string_view origin = allowed_origin(policy, request.header("Origin"));
  // What a cache keeps must not be taken for an answer to another page.
  if (origin != kAny) response.add("Vary", "Origin");
  if (origin.empty()) return;
  response.add("Access-Control-Allow-Origin", origin);
  response.add("Access-Control-Expose-Headers",
               "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After");
}

Result<> add_preflight(http::Router& router, std::string_view pattern,
                       const http::LivePolicy& addresses) {
  return router.add(http::Method::kOptions, pattern,
                    [&addresses](http::Request& request) {
                      const auto policy = addresses.get();
                      http::Response response = http::empty_response();
                      response.add("Allow", "GET, HEAD, OPTIONS");
                      allow_origin(*policy, request, response);
                      if (allowed_origin(*policy, request.header("Origin")).empty())
                        return response;
                      response.add("Access-Control-Allow-Methods", "GET, HEAD");
                      response.add(
                          "Access-Control-Allow-Headers",
                          "Cache-Control, If-Modified-Since, If-None-Match, If-Range, Range");
                      response.add("Access-Control-Max-Age", "600");
                      return response;
                    },
                    {.door = "outputs"});
}

}  // namespace m3u_proxy::outputs
