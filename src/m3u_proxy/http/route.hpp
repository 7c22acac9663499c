// Route: one address of a service, who answers it and within which bounds.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/http/responder.hpp>
#include <m3u_proxy/http/response.hpp>
#include <m3u_proxy/io/byte_source.hpp>

namespace m3u_proxy::http {

/// Answers at once, on the thread of the connection, which serves others too: for what takes less
/// than a millisecond. Called by several threads at a time.
using Handler = std::function<Response(Request&)>;
/// Takes the request along and answers later from any thread, by the Responder.
using DeferredHandler = std::function<void(std::shared_ptr<Request>, Responder)>;

struct RouteOptions {
  std::uint64_t body_limit = 0;  ///< bytes; more is 413, and 0 takes no body
  std::string door{};            ///< a label for the access hook: which part of the service it is
  /// Takes the body instead of memory: it is written as it comes, on the connection's thread. The
  /// handler finds the sink in the request. An Error is 503 for kOverBudget and kDiskFull, else
  /// 400.
  std::function<Result<std::unique_ptr<io::ByteSink>>(const Request&)> open_sink{};
  std::uint32_t in_flight = 64;  ///< deferred requests that are not answered yet; more are 429
};

struct Route {
  Method method = Method::kGet;
  std::string pattern;
  RouteOptions options;
  std::variant<Handler, DeferredHandler> handler;
  std::size_t index = 0;  ///< in its Router, from 0
  /// Deferred requests that are not answered yet; who works on one may outlive the route.
  std::shared_ptr<std::atomic<std::uint32_t>> waiting =
      std::make_shared<std::atomic<std::uint32_t>>(0);
};

}  // namespace m3u_proxy::http
