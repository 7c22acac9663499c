// HttpCall: one request of any method and its answer, both bodies in pieces; no redirects, no
// second try. For the interfaces of other services; lists and guides are fetched by fetch.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {

struct HttpReply {
  long status = 0;
  std::map<std::string, std::string> headers{};  ///< names in lower case
  std::string error{};                           ///< the first 4 KB of a body that is no success
  std::optional<std::int64_t> date{};            ///< of the server's clock: Unix seconds
};

struct HttpCall {
  std::string method = "GET";
  std::string url{};
  std::vector<std::string> header_lines{};  ///< "Name: value"
  /// What is sent: its size, and where its bytes are read; 0 bytes and no function: nothing.
  std::uint64_t upload_bytes = 0;
  std::function<Result<std::size_t>(std::span<char>)> upload{};
  /// The body's bytes when the status is 200 to 299, with what is known of the answer by then; an
  /// error ends the call with it.
  std::function<Result<>(const HttpReply&, std::string_view)> on_body{};
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// When not a byte has gone either way for so long, in whole seconds.
  std::chrono::seconds stall_timeout{20};
  std::shared_ptr<const AddressGuard> guard{};  ///< whom it may connect to; nullptr: anybody
  const CancelToken* cancel = nullptr;          ///< may be nullptr
};

/// Errors: kNetwork (nothing, or not all of it, came back), without what the address keeps secret;
/// kCancelled within a second; kInvalidArgument, the guard's; those of the functions. Thread-safe.
Result<HttpReply> call(const HttpCall& request);

}  // namespace m3u_proxy::net
