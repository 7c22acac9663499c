// CurlHandle: one transfer of libcurl that ends within seconds, for what is small.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/net/curl_library.hpp>
#include <m3u_proxy/net/guarded_sockets.hpp>

namespace m3u_proxy::net {

class CurlHandle {
 public:
  /// Error: as curl_library(); kNetwork.
  static Result<CurlHandle> create(const CancelToken* cancel);
  CurlHandle(CurlHandle&& other) noexcept;
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;
  ~CurlHandle();

  /// For any option of libcurl, whose value is of the type that it wants.
  template <typename Value>
  void set(CURLoption option, Value value) {
    (void)curl_->easy_setopt(handle_, option, value);
  }
  void set_list(CURLoption option, const std::vector<std::string>& lines);
  /// Whom it may connect to; nullptr: anybody.
  void set_guard(std::shared_ptr<const AddressGuard> guard);
  /// `what` names the server in errors. Errors: kNetwork, kCancelled; kInvalidArgument, the
  /// guard's.
  Result<> perform(std::string_view what);
  /// Of the last answer.
  [[nodiscard]] long status() const;

 private:
  CurlHandle(const CurlLibrary* curl, CURL* handle, const CancelToken* cancel);
  [[nodiscard]] std::string answered() const;
  const CurlLibrary* curl_;
  CURL* handle_;
  const CancelToken* cancel_;
  std::vector<curl_slist*> lists_;
  std::shared_ptr<const AddressGuard> guard_;
  std::unique_ptr<GuardedSockets> sockets_;  // what libcurl has a pointer to
};

}  // namespace m3u_proxy::net
