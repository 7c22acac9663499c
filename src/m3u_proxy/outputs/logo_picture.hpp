// A picture as an answer: conditional, cacheable, and nothing but a picture, even when somebody
// opens it as a page.
#pragma once

#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/logos/logo_file.hpp>

namespace m3u_proxy::outputs {

http::Response picture_response(const http::Request& request, const logos::LogoFile& logo);

}  // namespace m3u_proxy::outputs
