// StopSignals: how a service is asked to stop, and how long it may take.
//
// SIGINT or SIGTERM asks for it. Five seconds later, or with a second one, the process ends where
// it is, with what it waits for in the log and ExitCode::kFailed: as a kill would end it, which
// costs nothing, since files appear whole, the database is transactional, and the system takes back
// the lock of the data folder. So no call that looks at no cancel token holds up who stops it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace m3u_proxy::cli {

/// Thread-safe.
class StopSignals {
 public:
  static constexpr std::chrono::seconds kLongestStop{5};

  /// Blocks SIGINT, SIGTERM and SIGHUP in this thread and in those that it makes from then on; a
  /// thread of its own waits for them. SIGHUP does nothing. Make it before other threads.
  StopSignals();
  /// The service has ended.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Waits until the service is asked to stop.
  void wait();
  /// The same, for up to `time`; false: it was not asked.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time);
  /// What the service waits for is asked of `waits_for` from now on, on another thread; empty:
  /// nobody is asked any more, also not at this moment.
  void ask(std::function<std::string()> waits_for);

 private:
  void run();
  [[noreturn]] void end_now(std::string_view why);

  sigset_t signals_{};
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::function<std::string()> waits_for_;
  bool asked_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::cli
