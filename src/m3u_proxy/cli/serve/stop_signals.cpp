#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/cli/exit_code.hpp>
#include <m3u_proxy/cli/serve/stop_signals.hpp>

namespace m3u_proxy::cli {
namespace {

using Clock = std::chrono::steady_clock;

timespec until(Clock::time_point end) {
  const auto left = std::max(end - Clock::now(), Clock::duration::zero());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
}

void leave(int /*signal*/) { ::_exit(static_cast<int>(ExitCode::kFailed)); }

/// The log may be what holds everything up, such as a pipe that nobody reads: in a second it ends
/// all the same.
void end_soon() {
  struct sigaction action{};
  action.sa_handler = leave;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(1);
}

}  // namespace

StopSignals::StopSignals() {
  ::sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([this] { run(); });
}

StopSignals::~StopSignals() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  ::pthread_kill(thread_.native_handle(), SIGHUP);  // wakes it
  thread_.join();
}

void StopSignals::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return asked_; });
}

bool StopSignals::wait_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return asked_; });
}

void StopSignals::ask(std::function<std::string()> waits_for) {
  const std::scoped_lock lock(mutex_);
  waits_for_ = std::move(waits_for);
}

void StopSignals::run() {
  std::optional<Clock::time_point> end;  // once it was asked to stop
  while (true) {
    timespec left{};
    if (end) left = until(*end);
    const int signal =
        end ? ::sigtimedwait(&signals_, nullptr, &left) : ::sigwaitinfo(&signals_, nullptr);
    const bool is_over = signal < 0 && errno == EAGAIN;
    {
      const std::scoped_lock lock(mutex_);
      if (ended_) return;
      asked_ = asked_ || signal == SIGINT || signal == SIGTERM;
    }
    if (is_over) end_now(fmt::format("it could not stop within {} s", kLongestStop.count()));
    if (signal != SIGINT && signal != SIGTERM) continue;
    if (end) end_now("it was told a second time to stop");
    end = Clock::now() + kLongestStop;
    changed_.notify_all();
  }
}

void StopSignals::end_now(std::string_view why) {
  end_soon();
  std::string waits_for;
  {
    const std::scoped_lock lock(mutex_);
    if (waits_for_) waits_for = waits_for_();
  }
  log::warn("service", "{}{}{}: it ends as it is, and the next start goes on from there", why,
            waits_for.empty() ? "" : ", and waits for ", waits_for);
  ::_exit(static_cast<int>(ExitCode::kFailed));
}

}  // namespace m3u_proxy::cli
