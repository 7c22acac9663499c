#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/curl_handle.hpp>
#include <m3u_proxy/net/post.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

std::string header_line(std::string_view name, std::string_view value) {
  std::string line = fmt::format("{}: {}", name, value);
  blank_controls(line);
  return line;
}

}  // namespace

Result<> post(const PostRequest& request, const CancelToken* cancel) {
  M3U_TRY(const Origin origin, origin_of(request.url));
  M3U_TRY(CurlHandle handle, CurlHandle::create(cancel));
  std::vector<std::string> headers = {header_line("Content-Type", request.type), "Expect:"};
  for (const auto& [name, value] : request.headers) headers.push_back(header_line(name, value));
  handle.set_guard(request.guard);
  handle.set(CURLOPT_PROTOCOLS_STR, "http,https");
  handle.set(CURLOPT_URL, request.url.c_str());
  handle.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  handle.set(CURLOPT_POSTFIELDS, request.body.c_str());
  handle.set_list(CURLOPT_HTTPHEADER, headers);
  M3U_CHECK(handle.perform(origin.host));
  const long status = handle.status();
  if (status >= 200 && status < 300) return {};
  return fail(ErrorCode::kNetwork, fmt::format("{} answers {}", origin.host, status));
}

}  // namespace m3u_proxy::net
