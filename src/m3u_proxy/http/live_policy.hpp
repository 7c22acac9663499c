// LivePolicy: the AddressPolicy that holds now, where it may change while requests are answered.
// Thread-safe.
#pragma once

#include <memory>
#include <mutex>

#include <m3u_proxy/http/forwarded.hpp>

namespace m3u_proxy::http {

class LivePolicy {
 public:
  [[nodiscard]] std::shared_ptr<const AddressPolicy> get() const {
    const std::scoped_lock lock(mutex_);
    return policy_;
  }
  void set(AddressPolicy policy) {
    auto next = std::make_shared<const AddressPolicy>(std::move(policy));
    const std::scoped_lock lock(mutex_);
    policy_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const AddressPolicy> policy_ = std::make_shared<const AddressPolicy>();
};

}  // namespace m3u_proxy::http
