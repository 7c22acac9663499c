#include <string>

#include <m3u_proxy/api/api_routes.hpp>
#include <m3u_proxy/api/document.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace

Result<> add_docs_routes(http::Router& router) {
  const auto add = [&](std::string_view path, std::string_view (*text)(), std::string_view type) {
    return router.add(http::Method::kGet, path,
                      [text, type](http::Request&) {
                        http::Response response =
                            http::text_response(200, std::string(text()), type);
                        response.add("Content-Security-Policy", kPolicy);
                        response.add("X-Content-Type-Options", "nosniff");
                        response.add("Referrer-Policy", "no-referrer");
                        response.add("Cache-Control", "no-cache");
                        return response;
                      },
                      {.door = "api"});
  };
  M3U_CHECK(add("/api/docs", docs_page, "text/html; charset=utf-8"));
  M3U_CHECK(add("/api/docs/docs.js", docs_script, "text/javascript; charset=utf-8"));
  return add("/api/docs/docs.css", docs_style, "text/css; charset=utf-8");
}

}  // namespace m3u_proxy::api
