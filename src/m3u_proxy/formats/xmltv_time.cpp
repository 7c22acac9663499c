#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_foreign_time.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/formats/xmltv_zone.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kDigits = 14;
constexpr std::int32_t kMinute = 60;
constexpr std::int32_t kHour = 3600;
constexpr std::int64_t kDay = 86400;

/// The value of `text`, all digits.
int number_of(std::string_view text) {
  int value = 0;
  for (const char digit : text) value = value * 10 + (digit - '0');
  return value;
}

/// Whether the first eight bytes of `text`, which has as many, are digits.
bool are_eight_digits(std::string_view text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data(), sizeof(word));
  // Digits are 0x30 to 0x39: adding 6 must not leave the 3 of the upper half.
  constexpr std::uint64_t kUpper = 0xF0F0F0F0F0F0F0F0ULL;
  constexpr std::uint64_t kThrees = 0x3030303030303030ULL;
  constexpr std::uint64_t kSixes = 0x0606060606060606ULL;
  return (word & kUpper) == kThrees && ((word + kSixes) & kUpper) == kThrees;
}

/// Seconds since 1970 of the 14 digits that `digits` begins with, read as UTC.
std::optional<std::int64_t> instant_of(std::string_view digits) {
  const std::chrono::year_month_day date{
      std::chrono::year{number_of(digits.substr(0, 4))},
      std::chrono::month{static_cast<unsigned>(number_of(digits.substr(4, 2)))},
      std::chrono::day{static_cast<unsigned>(number_of(digits.substr(6, 2)))}};
  const int hours = number_of(digits.substr(8, 2));
  const int minutes = number_of(digits.substr(10, 2));
  const int seconds = number_of(digits.substr(12, 2));
  if (!date.ok() || hours > 24 || minutes > 59 || seconds > 60) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return days * kDay + std::int64_t{hours} * kHour + std::int64_t{minutes} * kMinute + seconds;
}

void append_two_digits(std::string& out, int value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

void append_civil(std::string& out, std::int64_t local) {
  const std::int64_t days = (local >= 0 ? local : local - (kDay - 1)) / kDay;
  const std::int64_t second = local - days * kDay;
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<std::chrono::days::rep>(days)}}};
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) {  // no guide has these, but a rule may
    fmt::format_to(std::back_inserter(out), "{:04}", year);
  } else {
    append_two_digits(out, year / 100);
    append_two_digits(out, year % 100);
  }
  append_two_digits(out, static_cast<int>(static_cast<unsigned>(date.month())));
  append_two_digits(out, static_cast<int>(static_cast<unsigned>(date.day())));
  append_two_digits(out, static_cast<int>(second / kHour));
  append_two_digits(out, static_cast<int>(second % kHour / kMinute));
  append_two_digits(out, static_cast<int>(second % kMinute));
}

/// Sets the zone of `time`, whose epoch is that of its digits; false when `text` is none.
bool read_zone(XmltvTime& time, std::string_view text) {
  time.zone_text = text;
  if (text == " +0000" && !time.foreign) return true;
  const auto zone = read_xmltv_zone(text);
  if (!zone) return false;
  time.epoch -= zone->seconds;
  time.zone_seconds = zone->seconds;
  time.zone_known = zone->known;
  time.zone_is_offset = zone->is_offset;
  time.foreign = time.foreign || zone->has_comment;
  if (time.foreign) time.zone_text = zone->name;
  return true;
}

/// Whether XMLTV's whole form is there: 14 digits, and something behind them.
bool is_usual(std::string_view text) {
  return text.size() > kDigits && are_eight_digits(text) &&
         are_eight_digits(text.substr(kDigits - 8)) && !is_ascii_digit(text[kDigits]) &&
         text[kDigits] != '.' && text[kDigits] != ',';
}

/// Reads XMLTV's form: 4 to 14 digits, and a zone.
std::optional<XmltvTime> parse_digits(std::string_view text) {
  // What is missing is the first instant of what there is.
  std::array<char, kDigits> digits = {'0', '0', '0', '0', '0', '1', '0',
                                      '1', '0', '0', '0', '0', '0', '0'};
  std::size_t count = 0;
  for (; count < text.size() && is_ascii_digit(text[count]); ++count) {
    if (count == kDigits) return std::nullopt;
    digits[count] = text[count];
  }
  if (count < 4) return std::nullopt;
  const auto local = instant_of({digits.data(), digits.size()});
  if (!local) return std::nullopt;
  XmltvTime time{.epoch = *local};
  return read_zone(time, text.substr(count)) ? std::optional(time) : std::nullopt;
}

/// Reads any other form.
std::optional<XmltvTime> parse_foreign(std::string_view text) {
  const auto found = read_foreign_time(text);
  if (!found) return std::nullopt;
  const auto local =
      found->epoch ? found->epoch : instant_of({found->digits.data(), found->digits.size()});
  if (!local) return std::nullopt;
  XmltvTime time{.epoch = *local, .foreign = true};
  if (!read_zone(time, found->zone)) return std::nullopt;
  if (found->epoch) {  // an instant whatever its zone, which only says how to write it
    time.epoch = *local;
    time.zone_is_offset = time.zone_is_offset || time.zone_text.empty();
  }
  return time;
}

void append_zone(std::string& out, const XmltvTime& time) {
  if (!time.foreign) {
    out += time.zone_text;
  } else if (time.zone_is_offset) {
    const std::int32_t size = std::abs(time.zone_seconds);
    out += time.zone_seconds < 0 ? " -" : " +";
    append_two_digits(out, size / kHour);
    append_two_digits(out, size % kHour / kMinute);
  } else if (!time.zone_text.empty()) {
    out += ' ';
    out += time.zone_text;
  }
}

constexpr std::int32_t kThousandths = 1000;
constexpr std::int32_t kLargestShift = 48 * kThousandths;

/// Thousandths of `1`, `2.5`, `0,25` hours.
std::optional<std::int32_t> hours_of(std::string_view text) {
  std::int32_t value = 0;
  std::int32_t fraction = kThousandths;
  bool after_point = false;
  bool any = false;
  for (const char c : text) {
    if ((c == '.' || c == ',') && !after_point) {
      after_point = true;
      continue;
    }
    if (!is_ascii_digit(c)) return std::nullopt;
    any = true;
    if (!after_point) {
      value = value * 10 + (c - '0') * kThousandths;
      if (value > kLargestShift) return std::nullopt;
    } else {
      fraction /= 10;
      value += (c - '0') * fraction;
    }
  }
  if (!any || value > kLargestShift) return std::nullopt;
  return value;
}

/// Thousandths of the hours and two digits of minutes, a number of quarters as in every zone.
std::optional<std::int32_t> hours_and_minutes_of(std::string_view hours, std::string_view minutes) {
  static constexpr std::array<std::string_view, 4> kQuarters = {"00", "15", "30", "45"};
  const auto* const quarter = std::ranges::find(kQuarters, minutes);
  const bool is_whole = hours.find_first_of(".,") == std::string_view::npos;
  const auto value = hours_of(hours);
  if (quarter == kQuarters.end() || !is_whole || !value) return std::nullopt;
  const auto sum =
      *value + static_cast<std::int32_t>(quarter - kQuarters.begin()) * kThousandths / 4;
  return sum > kLargestShift ? std::nullopt : std::optional(sum);
}

}  // namespace

std::optional<XmltvTime> parse_xmltv_time(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_ascii_space(text.front()) || is_ascii_space(text.back())) text = trim(text);
  if (is_usual(text)) {
    const auto local = instant_of(text);
    if (!local) return std::nullopt;
    XmltvTime time{.epoch = *local};
    return read_zone(time, text.substr(kDigits)) ? std::optional(time) : std::nullopt;
  }
  if (auto time = parse_foreign(text)) return time;
  return parse_digits(text);
}

void append_moved_time(std::string& out, const XmltvTime& time, std::int64_t seconds) {
  append_civil(out, time.epoch + time.zone_seconds + seconds);
  append_zone(out, time);
}

void append_utc_time(std::string& out, const XmltvTime& time, std::int64_t seconds) {
  if (!time.zone_known) return append_moved_time(out, time, seconds);
  append_civil(out, time.epoch + seconds);
  out += " +0000";
}

std::optional<std::int32_t> parse_tvg_shift(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  const bool has_sign = negative || text.front() == '+';
  if (has_sign) text.remove_prefix(1);
  constexpr std::size_t kHoursAndMinutes = 4;  // `+0530`, as zones are written
  std::size_t hours = text.find(':');
  std::size_t minutes = hours + 1;
  if (has_sign && text.size() == kHoursAndMinutes && std::ranges::all_of(text, is_ascii_digit))
    hours = minutes = kHoursAndMinutes - 2;
  const auto value = hours == std::string_view::npos
                         ? hours_of(text)
                         : hours_and_minutes_of(text.substr(0, hours), text.substr(minutes));
  return value && negative ? -*value : value;
}

std::string shift_suffix(std::int32_t thousandths_of_hours) {
  if (thousandths_of_hours == 0) return {};
  const std::int32_t size = std::abs(thousandths_of_hours);
  std::string text = fmt::format("{}{}", thousandths_of_hours < 0 ? '-' : '+', size / 1000);
  if (size % 1000 != 0) {
    text += fmt::format(".{:03}", size % 1000);
    while (text.back() == '0') text.pop_back();
  }
  text += 'h';
  return text;
}

std::string shifted_guide_id(std::string_view id, std::string_view tvg_shift) {
  return std::string(id) + shift_suffix(parse_tvg_shift(tvg_shift).value_or(0));
}

}  // namespace m3u_proxy::formats
