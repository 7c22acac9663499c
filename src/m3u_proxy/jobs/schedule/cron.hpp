// Cron: when something is due, by an expression of five or six fields in a time zone.
//
// `minute hour day-of-month month day-of-week`, with seconds in front where there are six. Each
// field is `*`, `?` (the same), a number, a name (JAN … DEC, SUN … SAT), a range `a-b`, a list
// `a,b`, and steps
// `*/n`, `a-b/n`, `a/n` (from a on); Sunday is 0 and 7. Where neither day field begins with `*`, a
// day that fits one of them is enough, as crontab(5) says. `@hourly`, `@daily` (`@midnight`),
// `@weekly`, `@monthly` and `@yearly` (`@annually`) are short for the usual ones.
//
// Daylight saving time: what falls into the hour that a jump forward leaves out is due at the
// jump, once; what falls into an hour that exists twice is due in the first one only.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::jobs {

/// A zone of the system's tz database (package tzdata). Cheap to copy, thread-safe.
class TimeZone {
 public:
  /// UTC.
  TimeZone();
  /// An IANA name such as "Europe/Berlin"; "" and "UTC" are UTC, which needs no database, and
  /// "local" is the machine's own. Error: kConfig for a name that is not known, or when there is
  /// no database.
  static Result<TimeZone> find(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class Cron;
  struct Rules;
  std::string name_ = "UTC";
  std::shared_ptr<const Rules> rules_;  // nullptr: UTC
};

/// Thread-safe.
class Cron {
 public:
  /// Error: kConfig, with the column of the mistake in `where` and a remedy; also for a moment
  /// that never comes, such as the 30th of February.
  static Result<Cron> parse(std::string_view expression, TimeZone zone = {});

  /// The first moment later than `after` (seconds since 1970) at which it is due; nullopt beyond
  /// the year 9999.
  [[nodiscard]] std::optional<std::int64_t> next(std::int64_t after) const;

  /// Whether two moments are less than a minute apart, which is where it has more than one second
  /// of a minute: those with the same second are a minute apart or more.
  [[nodiscard]] bool is_due_within_a_minute() const { return seconds_.count() > 1; }
  [[nodiscard]] const std::string& expression() const { return expression_; }
  [[nodiscard]] const TimeZone& zone() const { return zone_; }

 private:
  /// Civil time, in whatever zone.
  struct Civil {
    int year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
  };
  [[nodiscard]] bool day_fits(const Civil& time) const;
  /// The first civil time from `time` on that fits.
  [[nodiscard]] std::optional<Civil> first_fit(Civil time) const;

  std::bitset<60> seconds_;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // 1 … 31
  std::bitset<13> months_;   // 1 … 12
  std::bitset<7> weekdays_;  // Sunday is 0
  bool any_day_ = true;      // the field begins with `*`
  bool any_weekday_ = true;
  std::string expression_;
  TimeZone zone_;
};

}  // namespace m3u_proxy::jobs
