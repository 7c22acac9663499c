// ProgressView: what a progress bar or a plain progress line says, and when. Pure: the time is
// passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace m3u_proxy::cli {

class ProgressView {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Style : std::uint8_t { kBar, kPlain };

  /// `width`: columns of the terminal, for the bar.
  ProgressView(Style style, std::size_t width, Time start)
      : style_(style), width_(width), stage_start_(start), last_shown_(start) {}

  /// The line to show now, or nullopt when it is too early: a bar at most ten times a second,
  /// a plain line every five seconds, so that a short run stays silent.
  std::optional<std::string> update(std::string_view stage, std::uint64_t items, std::uint64_t done,
                                    std::uint64_t total, Time now);

 private:
  [[nodiscard]] std::string bar_line(std::string_view stage, std::uint64_t items, double part,
                                     std::chrono::duration<double> elapsed) const;
  static std::string plain_line(std::string_view stage, std::uint64_t items, double part,
                                std::chrono::duration<double> elapsed);

  Style style_;
  std::size_t width_;
  std::string stage_;
  Time stage_start_;
  Time last_shown_;
};

/// "950", "12.3K", "4.5M"
std::string short_count(double value);
/// "5s", "2m05s", "1h02m"
std::string short_duration(std::chrono::seconds duration);

}  // namespace m3u_proxy::cli
