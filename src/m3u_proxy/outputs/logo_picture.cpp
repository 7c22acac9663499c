#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/http/body.hpp>
#include <m3u_proxy/outputs/logo_picture.hpp>

namespace m3u_proxy::outputs {
namespace {

// An SVG can hold scripts: none of them runs, and nothing is loaded.
constexpr std::string_view kFields =
    "Cache-Control: private, max-age=86400\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; sandbox\r\n";

}  // namespace

http::Response picture_response(const http::Request& request, const logos::LogoFile& logo) {
  auto body = std::make_unique<http::PieceList>();
  body->add(logo.descriptor, 0, logo.bytes);
  return http::representation_response(
      request, {.validators = {.etag = logo.etag, .last_modified = logo.made},
                .type = logo.type,
                .fields = std::string(kFields),
                .body = std::move(body)});
}

}  // namespace m3u_proxy::outputs
