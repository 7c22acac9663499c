#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/curl_handle.hpp>
#include <m3u_proxy/net/http_call.hpp>
#include <m3u_proxy/net/url.hpp>

namespace m3u_proxy::net {
namespace {

constexpr std::size_t kMostError = 4096;
constexpr long kFirstSuccess = 200;
constexpr long kLastSuccess = 299;

/// What libcurl's callbacks work on.
struct State {
  const HttpCall& request;
  HttpReply reply{};
  Result<> failed{};
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  State& state = *static_cast<State*>(user);
  const std::string_view line = trim({data, size * count});
  if (line.starts_with("HTTP/")) {  // an interim answer was before it
    const std::size_t blank = line.find(' ');
    state.reply.status = 0;
    for (const char c : line.substr(std::min(blank + 1, line.size()))) {
      if (!is_ascii_digit(c)) break;
      state.reply.status = state.reply.status * 10 + (c - '0');
    }
    state.reply.headers.clear();
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    state.reply.headers[std::move(name)] = trim(line.substr(colon + 1));
  }
  return size * count;
}

std::size_t on_data(char* data, std::size_t size, std::size_t count, void* user) {
  State& state = *static_cast<State*>(user);
  const std::string_view bytes(data, size * count);
  const long status = state.reply.status;
  if (status < kFirstSuccess || status > kLastSuccess) {
    state.reply.error.append(bytes.substr(0, kMostError - state.reply.error.size()));
    return bytes.size();
  }
  if (state.request.on_body) state.failed = state.request.on_body(state.reply, bytes);
  return state.failed ? bytes.size() : 0;
}

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* user) {
  State& state = *static_cast<State*>(user);
  auto read = state.request.upload(std::span(buffer, size * count));
  if (read) return *read;
  state.failed = fail(std::move(read).error());
  return CURL_READFUNC_ABORT;
}

}  // namespace

Result<HttpReply> call(const HttpCall& request) {
  M3U_TRY(const Origin origin, origin_of(request.url));
  M3U_TRY(const CurlLibrary* const curl, curl_library());
  M3U_TRY(CurlHandle handle, CurlHandle::create(request.cancel));
  handle.set_guard(request.guard);
  State state{.request = request};
  std::vector<std::string> lines = request.header_lines;
  lines.emplace_back("Expect:");  // a round trip that small objects need not pay for
  handle.set(CURLOPT_PROTOCOLS_STR, "http,https");
  handle.set(CURLOPT_URL, request.url.c_str());
  handle.set(CURLOPT_PATH_AS_IS, 1L);
  handle.set(CURLOPT_TIMEOUT_MS, 0L);
  handle.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  handle.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  handle.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
  if (request.upload) {
    handle.set(CURLOPT_UPLOAD, 1L);
    handle.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_bytes));
    handle.set(CURLOPT_READFUNCTION, &on_read);
    handle.set(CURLOPT_READDATA, static_cast<void*>(&state));
  } else if (request.method == "HEAD") {
    handle.set(CURLOPT_NOBODY, 1L);
  }
  handle.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  handle.set(CURLOPT_HEADERFUNCTION, &on_header);
  handle.set(CURLOPT_HEADERDATA, static_cast<void*>(&state));
  handle.set(CURLOPT_WRITEFUNCTION, &on_data);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(&state));
  handle.set_list(CURLOPT_HTTPHEADER, lines);
  const auto done = handle.perform(fmt::format("{}:{}", origin.host, origin.port));
  if (!state.failed) return fail(state.failed.error());
  if (!done) return fail(done.error());
  if (const auto date = state.reply.headers.find("date"); date != state.reply.headers.end())
    if (const time_t seconds = curl->getdate(date->second.c_str(), nullptr); seconds >= 0)
      state.reply.date = seconds;
  return std::move(state.reply);
}

}  // namespace m3u_proxy::net
