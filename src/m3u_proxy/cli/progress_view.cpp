#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/cli/progress_view.hpp>

namespace m3u_proxy::cli {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kPlainInterval{5};
constexpr std::size_t kBarCells = 24;
constexpr std::size_t kStageColumns = 17;  // "Channel Numbering"

double rate(std::uint64_t items, Seconds elapsed) {
  return elapsed.count() > 0 ? static_cast<double>(items) / elapsed.count() : 0;
}

/// "ETA 12s", or nothing as long as there is nothing to go by.
std::string eta(double part, Seconds elapsed) {
  if (part <= 0 || part >= 1) return {};
  const Seconds left = elapsed * ((1 - part) / part);
  return " ETA " + short_duration(std::chrono::ceil<std::chrono::seconds>(left));
}

}  // namespace

std::string short_count(double value) {
  if (value < 1000) return fmt::format("{:.0f}", value);
  if (value < 999'950) return fmt::format("{:.1f}K", value / 1e3);
  return fmt::format("{:.1f}M", value / 1e6);
}

std::string short_duration(std::chrono::seconds duration) {
  const auto seconds = duration.count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string ProgressView::bar_line(std::string_view stage, std::uint64_t items, double part,
                                   Seconds elapsed) const {
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(kBarCells));
  std::string line = fmt::format("{:<{}} [{:#<{}}{:-<{}}]", stage, kStageColumns, "", filled, "",
                                 kBarCells - filled);
  if (part > 0) line += fmt::format(" {:3.0f}%", part * 100);
  line += fmt::format(" {} items {}/s", items, short_count(rate(items, elapsed)));
  line += eta(part, elapsed);
  if (line.size() >= width_) line.resize(width_ > 0 ? width_ - 1 : 0);
  return line;
}

std::string ProgressView::plain_line(std::string_view stage, std::uint64_t items, double part,
                                     Seconds elapsed) {
  std::string line =
      fmt::format("{}: {} items, {}/s", stage, items, short_count(rate(items, elapsed)));
  if (part > 0) line += fmt::format(", {:.0f}%", part * 100);
  if (const std::string left = eta(part, elapsed); !left.empty()) line += "," + left;
  return line;
}

std::optional<std::string> ProgressView::update(std::string_view stage, std::uint64_t items,
                                                std::uint64_t done, std::uint64_t total, Time now) {
  if (stage != stage_) {
    stage_ = stage;
    stage_start_ = now;
  }
  const bool bar = style_ == Style::kBar;
  if (now - last_shown_ < (bar ? std::chrono::milliseconds(kBarInterval) : kPlainInterval))
    return std::nullopt;
  last_shown_ = now;
  const double part =
      total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const Seconds elapsed = now - stage_start_;
  return bar ? bar_line(stage, items, part, elapsed) : plain_line(stage, items, part, elapsed);
}

}  // namespace m3u_proxy::cli
