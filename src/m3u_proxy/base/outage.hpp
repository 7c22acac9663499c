// Outage: says once that something does not work, however often it is tried, and once that it does
// again. Thread-safe.
#pragma once

#include <mutex>
#include <string>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::log {

class Outage {
 public:
  /// `fails` and `works` are whole clauses: "the queue cannot be read", "the queue is read again".
  Outage(std::string module, std::string fails, std::string works)
      : module_(std::move(module)), fails_(std::move(fails)), works_(std::move(works)) {}

  /// A warning the first time, and where the reason is another one; else only at debug.
  void failed(const Error& error);
  void worked();

 private:
  const std::string module_;
  const std::string fails_;
  const std::string works_;
  std::mutex mutex_;
  std::string reason_;  // "": it works
};

}  // namespace m3u_proxy::log
