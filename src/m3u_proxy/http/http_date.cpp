#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/http/http_date.hpp>

namespace m3u_proxy::http {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31T23:59:59

/// The number in `text`, which has digits only; -1 when it has not.
int digits(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (!is_ascii_digit(c)) return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string format_http_date(std::int64_t instant) {
  const std::chrono::sys_seconds time{seconds(std::clamp(instant, kFirst, kLast))};
  const auto day = std::chrono::floor<days>(time);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"; the name of the day is not held against the date.
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT")
    return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  const int day = digits(text.substr(5, 2));
  const int year = digits(text.substr(12, 4));
  const int hour = digits(text.substr(17, 2));
  const int minute = digits(text.substr(20, 2));
  const int second = digits(text.substr(23, 2));
  if (month == kMonths.end() || day < 0 || year < 0 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  const year_month_day date(std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
                            std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return seconds(sys_days(date).time_since_epoch()).count() + hour * 3600 + minute * 60 + second;
}

}  // namespace m3u_proxy::http
