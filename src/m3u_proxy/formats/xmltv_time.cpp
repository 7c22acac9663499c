#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kDigits = 14;
constexpr std::int32_t kMinute = 60;
constexpr std::int32_t kHour = 3600;
constexpr std::int64_t kDay = 86400;

struct NamedZone {
  std::string_view name;
  std::int16_t minutes;
};
// What guides use; where a name is ambiguous, the one with European or American guides wins.
constexpr std::array kZones = {
    NamedZone{"Z", 0},      NamedZone{"UTC", 0},     NamedZone{"UT", 0},
    NamedZone{"GMT", 0},    NamedZone{"WET", 0},     NamedZone{"WEST", 60},
    NamedZone{"BST", 60},   NamedZone{"IST", 60},    NamedZone{"CET", 60},
    NamedZone{"MET", 60},   NamedZone{"CEST", 120},  NamedZone{"MEST", 120},
    NamedZone{"EET", 120},  NamedZone{"SAST", 120},  NamedZone{"EEST", 180},
    NamedZone{"MSK", 180},  NamedZone{"TRT", 180},   NamedZone{"GST", 240},
    NamedZone{"PKT", 300},  NamedZone{"ICT", 420},   NamedZone{"WIB", 420},
    NamedZone{"HKT", 480},  NamedZone{"SGT", 480},   NamedZone{"AWST", 480},
    NamedZone{"JST", 540},  NamedZone{"KST", 540},   NamedZone{"ACST", 570},
    NamedZone{"AEST", 600}, NamedZone{"ACDT", 630},  NamedZone{"AEDT", 660},
    NamedZone{"NZST", 720}, NamedZone{"NZDT", 780},  NamedZone{"BRT", -180},
    NamedZone{"ART", -180}, NamedZone{"NST", -210},  NamedZone{"NDT", -150},
    NamedZone{"AST", -240}, NamedZone{"ADT", -180},  NamedZone{"EST", -300},
    NamedZone{"EDT", -240}, NamedZone{"CST", -360},  NamedZone{"CDT", -300},
    NamedZone{"MST", -420}, NamedZone{"MDT", -360},  NamedZone{"PST", -480},
    NamedZone{"PDT", -420}, NamedZone{"AKST", -540}, NamedZone{"AKDT", -480},
    NamedZone{"HST", -600},
};

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

/// The digits of an offset: `0`, `00`, `000`, `0010`, `1`, `01`, `130`, `01:00`.
std::optional<std::int32_t> numeric_zone(std::string_view text) {
  std::array<int, 4> digits{};
  std::size_t count = 0;
  std::size_t colon = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':' && colon == 0 && (i == 1 || i == 2)) {
      colon = i;
      continue;
    }
    if (!is_ascii_digit(text[i]) || count == digits.size()) return std::nullopt;
    digits[count++] = text[i] - '0';
  }
  if (count == 0 || (colon != 0 && count != colon + 2)) return std::nullopt;
  int hours = digits[0];
  int minutes = 0;
  if (count == 2 || count == 4) hours = hours * 10 + digits[1];
  if (count >= 3) minutes = digits[count - 2] * 10 + digits[count - 1];
  if (hours > 15 || minutes > 59) return std::nullopt;
  return hours * kHour + minutes * kMinute;
}

/// Sets the zone of `time` from its text; false when that is no zone at all.
bool read_zone(XmltvTime& time) {
  if (time.zone_text == " +0000") return true;
  std::string_view zone = trim(time.zone_text);
  if (zone.empty()) return true;
  if (zone.front() == '+' || zone.front() == '-' || is_ascii_digit(zone.front())) {
    const bool west = zone.front() == '-';
    if (!is_ascii_digit(zone.front())) zone.remove_prefix(1);
    const auto offset = numeric_zone(zone);
    if (!offset) return false;
    time.zone_seconds = west ? -*offset : *offset;
    return true;
  }
  const auto in_name = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '/' || c == '+' || c == '-';
  };
  if (!is_ascii_alpha(zone.front()) || !std::ranges::all_of(zone, in_name)) return false;
  const auto* const named = std::ranges::find_if(
      kZones, [&](const NamedZone& known) { return equals_ascii_case(known.name, zone); });
  time.zone_known = named != kZones.end();
  if (time.zone_known) time.zone_seconds = named->minutes * kMinute;
  return true;
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

}  // namespace

std::optional<XmltvTime> parse_xmltv_time(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_ascii_space(text.front()) || is_ascii_space(text.back())) text = trim(text);
  std::optional<std::int64_t> local;
  std::size_t count = 0;
  if (text.size() > kDigits && are_eight_digits(text) &&
      are_eight_digits(text.substr(kDigits - 8)) && !is_ascii_digit(text[kDigits])) {
    count = kDigits;
    local = instant_of(text);
  } else {
    // What is missing is the first instant of what there is.
    std::array<char, kDigits> digits = {'0', '0', '0', '0', '0', '1', '0',
                                        '1', '0', '0', '0', '0', '0', '0'};
    for (; count < text.size() && is_ascii_digit(text[count]); ++count) {
      if (count == kDigits) return std::nullopt;
      digits[count] = text[count];
    }
    if (count < 4) return std::nullopt;
    local = instant_of({digits.data(), digits.size()});
  }
  if (!local) return std::nullopt;
  XmltvTime time{.epoch = *local, .zone_text = text.substr(count)};
  if (!read_zone(time)) return std::nullopt;
  time.epoch -= time.zone_seconds;
  return time;
}

void append_moved_time(std::string& out, const XmltvTime& time, std::int64_t seconds) {
  append_civil(out, time.epoch + time.zone_seconds + seconds);
  out += time.zone_text;
}

void append_utc_time(std::string& out, const XmltvTime& time, std::int64_t seconds) {
  append_civil(out, time.epoch + seconds);
  out += " +0000";
}

Result<std::int64_t> parse_time_offset(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kConfig, fmt::format("'{}' is not a time offset", excerpt(text)),
                "write it as +1h30m, -45m, 2h or 0; hours up to 23, minutes and seconds up to 59");
  };
  std::string_view rest = trim(text);
  if (rest == "0") return 0;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  struct Unit {
    char letter;
    std::int64_t seconds;
    int highest;
  };
  static constexpr std::array kUnits = {Unit{'h', kHour, 23}, Unit{'m', kMinute, 59},
                                        Unit{'s', 1, 59}};
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  if (rest == "0") return 0;
  if (rest.empty()) return bad();
  while (!rest.empty()) {
    std::size_t digits = 0;
    while (digits < rest.size() && is_ascii_digit(rest[digits])) ++digits;
    if (digits == 0 || digits > 2 || digits == rest.size()) return bad();
    while (next_unit < kUnits.size() && kUnits[next_unit].letter != ascii_lower(rest[digits]))
      ++next_unit;
    if (next_unit == kUnits.size()) return bad();
    const int value = number_of(rest.substr(0, digits));
    if (value > kUnits[next_unit].highest) return bad();
    total += value * kUnits[next_unit].seconds;
    ++next_unit;
    rest.remove_prefix(digits + 1);
  }
  return negative ? -total : total;
}

std::optional<std::int32_t> parse_tvg_shift(std::string_view text) {
  constexpr std::int32_t kScale = 1000;
  constexpr std::int32_t kHighest = 48;
  text = trim(text);
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  std::int32_t value = 0;
  std::int32_t fraction = kScale;
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
      value = value * 10 + (c - '0') * kScale;
      if (value > kHighest * kScale) return std::nullopt;
    } else {
      fraction /= 10;
      value += (c - '0') * fraction;
    }
  }
  if (!any || value > kHighest * kScale) return std::nullopt;
  return negative ? -value : value;
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
