// Errands: one thread for what a route must not do on the server's own threads, since others would
// wait for it: reading a file that somebody uploads, comparing two generations.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <m3u_proxy/base/cancel.hpp>

namespace m3u_proxy::daemon {

/// Thread-safe. Asleep while there is nothing to do.
class Errands {
 public:
  using Work = std::move_only_function<void(const CancelToken&)>;

  Errands();
  /// Asks the work under way to stop, waits for it, and forgets the rest.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  /// False: too much waits already, and this is not done.
  bool add(Work work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> waiting_;
  bool stopping_ = false;
  CancelToken cancel_;
  std::thread thread_;
};

}  // namespace m3u_proxy::daemon
