// post(): sends a small text by HTTP POST, as notifications are.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {

struct PostRequest {
  std::string url;  ///< http or https; "user:password@" in it is sent as basic authentication
  std::string body;
  std::string type;  ///< Content-Type
  std::vector<std::pair<std::string, std::string>> headers{};
  std::shared_ptr<const AddressGuard> guard{};  ///< whom it may connect to; nullptr: anybody
};

/// Waits up to 20 s for an answer of 200 to 299; follows no redirect. Control characters in headers
/// become spaces. Errors: kNetwork, without what the address keeps secret; kInvalidArgument, the
/// guard's; kCancelled within a second. Thread-safe.
Result<> post(const PostRequest& request, const CancelToken* cancel);

}  // namespace m3u_proxy::net
