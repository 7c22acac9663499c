#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/outage.hpp>

namespace m3u_proxy::log {

void Outage::failed(const Error& error) {
  std::string reason = to_string(error);
  Level level = Level::kDebug;
  {
    const std::scoped_lock lock(mutex_);
    if (reason != reason_) level = Level::kWarn;
    reason_ = reason;
  }
  at(level, module_, "{}: {}", fails_, reason);
}

void Outage::worked() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(reason_, {}).empty()) return;
  }
  info(module_, "{}", works_);
}

}  // namespace m3u_proxy::log
