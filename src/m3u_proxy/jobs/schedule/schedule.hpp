// Schedule: when a source is looked at again: by cron, at an interval, or only when somebody asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include <m3u_proxy/jobs/schedule/cron.hpp>

namespace m3u_proxy::jobs {

/// Thread-safe.
class Schedule {
 public:
  /// Never by itself.
  Schedule() = default;
  /// Error: kConfig for an interval under a minute.
  static Result<Schedule> every(std::chrono::seconds interval);
  static Schedule by(Cron cron);
  /// "6h", "90m", "1h30m", a cron expression, "manual", or "". Error: kConfig, also for moments
  /// that are less than a minute apart.
  static Result<Schedule> parse(std::string_view text, const TimeZone& zone = {});

  [[nodiscard]] bool is_manual() const { return std::holds_alternative<std::monostate>(when_); }

  /// Up to so much later than the schedule says, so that not everybody asks a provider at the full
  /// hour. The delay is the same for the same `key` and moment.
  void set_jitter(std::chrono::seconds most) { jitter_ = most; }

  /// The first moment later than `after` at which what is called `key` is due; `last` is when it
  /// was last done, nullopt: never. What was missed while nobody ran is due at once, which is a
  /// moment not later than `after`. nullopt: only when somebody asks.
  [[nodiscard]] std::optional<std::int64_t> due(std::string_view key,
                                                std::optional<std::int64_t> last,
                                                std::int64_t after) const;

 private:
  [[nodiscard]] std::int64_t delay(std::string_view key, std::int64_t moment) const;

  std::variant<std::monostate, std::chrono::seconds, Cron> when_;
  std::chrono::seconds jitter_{0};
};

}  // namespace m3u_proxy::jobs
