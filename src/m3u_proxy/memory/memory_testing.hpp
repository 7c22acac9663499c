// Figures that a test chooses, behind the interfaces of memory/.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/monitor.hpp>
#include <m3u_proxy/memory/process_memory.hpp>

namespace m3u_proxy::memory::testing {

/// A process whose memory is what the test says.
class FakeProcess final : public ProcessMemory {
 public:
  Result<Bytes> resident() override {
    if (broken) return fail(ErrorCode::kIo, "cannot read /proc/self/statm");
    return rss;
  }
  Result<Bytes> peak() override { return highest; }
  bool reset_peak() override {
    ++resets;
    return true;
  }

  Bytes rss{};
  Bytes highest{};
  int resets = 0;
  bool broken = false;
};

/// A clock that moves only when the test moves it.
class FakeClock {
 public:
  void advance(std::chrono::nanoseconds by) { now_ += by; }
  [[nodiscard]] SteadyClock function() {
    return [this] { return now_; };
  }

 private:
  std::chrono::steady_clock::time_point now_;
};

/// Collects log lines at `level` and above while it lives.
class CapturedLog {
 public:
  explicit CapturedLog(std::string_view level = "info") {
    (void)log::configure(level);
    log::set_writer([this](std::string_view line) { lines.emplace_back(line); });
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;
  ~CapturedLog() {
    log::set_writer({});
    (void)log::configure("info");
  }

  std::vector<std::string> lines;
};

/// `mb` × 2^20 bytes.
constexpr Bytes megabytes(double mb) { return {static_cast<std::uint64_t>(mb * 1048576.0)}; }

}  // namespace m3u_proxy::memory::testing
