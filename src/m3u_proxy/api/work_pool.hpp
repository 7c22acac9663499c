// WorkPool: the threads on which the API's handlers run, so that what waits for the database or
// for memory does not hold up those who serve players.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace m3u_proxy::api {

/// Thread-safe. Without work no thread wakes up.
class WorkPool {
 public:
  using Work = std::move_only_function<void()>;

  WorkPool(unsigned threads, std::size_t most_waiting);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// False, without taking it: as much as may wait does so already, or it has stopped.
  [[nodiscard]] bool post(Work& work);
  /// Begins nothing more and drops what waits. Again: nothing.
  void begin_stop();
  /// And joins.
  void stop();

 private:
  void run();

  std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Work> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace m3u_proxy::api
