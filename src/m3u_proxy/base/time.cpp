#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>

namespace m3u_proxy {
namespace {

constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kSecondsPerDay = 86400;

// Reads one spelling from left to right; the first thing that does not fit makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Exactly `digits` digits, a value of min to max.
  int number(std::size_t digits, int min, int max) {
    int value = 0;
    if (rest_.size() < digits) return fail();
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_ascii_digit(rest_[i])) return fail();
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    if (value < min || value > max) return fail();
    return value;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  void skip_spaces() {
    while (accept(' ')) {
    }
  }
  void skip_fraction() {
    if (!accept('.')) return;
    if (rest_.empty() || !is_ascii_digit(rest_.front())) fail();
    while (!rest_.empty() && is_ascii_digit(rest_.front())) rest_.remove_prefix(1);
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  int fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

struct Civil {
  int year = 0;
  int month = 1;
  int day = 1;
  int seconds = 0;      // of the day
  int zone_offset = 0;  // seconds east of UTC
};

std::optional<std::int64_t> to_seconds(const Civil& civil) {
  const std::chrono::year_month_day date{std::chrono::year(civil.year),
                                         std::chrono::month(static_cast<unsigned>(civil.month)),
                                         std::chrono::day(static_cast<unsigned>(civil.day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * kSecondsPerDay + civil.seconds - civil.zone_offset;
}

enum class Colons : std::uint8_t { kNo, kYes };

int read_clock(Reader& reader, Colons colons) {
  const int hours = reader.number(2, 0, 23);
  if (colons == Colons::kYes) reader.expect(':');
  const int minutes = reader.number(2, 0, 59);
  if (colons == Colons::kYes) reader.expect(':');
  return hours * 3600 + minutes * 60 + reader.number(2, 0, 60);  // 60: a leap second
}

/// `Z`, `±HH:MM` or `±HHMM`, where there is one.
int read_zone(Reader& reader) {
  if (reader.accept('Z') || reader.accept('z')) return 0;
  const bool east = reader.accept('+');
  if (!east && !reader.accept('-')) return 0;
  const int hours = reader.number(2, 0, 23);
  reader.accept(':');
  const int offset = hours * 3600 + reader.number(2, 0, 59) * 60;
  return east ? offset : -offset;
}

std::optional<std::int64_t> finish(const Reader& reader, const Civil& civil) {
  if (!reader.good() || !reader.at_end()) return std::nullopt;
  return to_seconds(civil);
}

std::optional<std::int64_t> parse_dashed(std::string_view text) {
  Reader reader(text);
  Civil civil;
  civil.year = reader.number(4, 0, 9999);
  reader.expect('-');
  civil.month = reader.number(2, 1, 12);
  reader.expect('-');
  civil.day = reader.number(2, 1, 31);
  if (reader.at_end()) return finish(reader, civil);
  if (!reader.accept('T') && !reader.accept('t')) reader.expect(' ');
  civil.seconds = read_clock(reader, Colons::kYes);
  reader.skip_fraction();
  civil.zone_offset = read_zone(reader);
  return finish(reader, civil);
}

std::optional<std::int64_t> parse_slashed(std::string_view text) {
  Reader reader(text);
  Civil civil;
  civil.day = reader.number(2, 1, 31);
  reader.expect('/');
  civil.month = reader.number(2, 1, 12);
  reader.expect('/');
  civil.year = reader.number(4, 0, 9999);
  if (reader.at_end()) return finish(reader, civil);
  reader.expect(' ');
  civil.seconds = read_clock(reader, Colons::kYes);
  return finish(reader, civil);
}

std::optional<std::int64_t> parse_compact(std::string_view text) {
  Reader reader(text);
  Civil civil;
  civil.year = reader.number(4, 0, 9999);
  civil.month = reader.number(2, 1, 12);
  civil.day = reader.number(2, 1, 31);
  civil.seconds = read_clock(reader, Colons::kNo);
  reader.skip_spaces();
  civil.zone_offset = read_zone(reader);
  return finish(reader, civil);
}

std::optional<std::int64_t> parse_epoch(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < kFirst || value > kLast) return std::nullopt;
  return value;
}

struct Broken {
  std::chrono::year_month_day date;
  std::int64_t hours, minutes, seconds;
};

Broken break_down(std::int64_t instant) {
  instant = std::clamp(instant, kFirst, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(instant)));
  const std::int64_t rest = instant - day.time_since_epoch().count() * kSecondsPerDay;
  return {.date = day, .hours = rest / 3600, .minutes = rest / 60 % 60, .seconds = rest % 60};
}

}  // namespace

std::optional<std::int64_t> parse_date(std::string_view text) {
  text = trim(text);
  if (text.size() >= 10 && text[4] == '-') return parse_dashed(text);
  if (text.size() >= 10 && text[2] == '/') return parse_slashed(text);
  if (text.size() >= 14 && std::ranges::all_of(text.substr(0, 14), is_ascii_digit))
    return parse_compact(text);
  return parse_epoch(text);
}

Result<std::int64_t> parse_instant(std::string_view text) {
  if (const auto seconds = parse_date(text)) return *seconds;
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a time", excerpt(text)),
              "write it as 2024-05-01T18:30:00Z, 2024-05-01 18:30:00 (UTC) or as seconds since "
              "1970");
}

std::string format_rfc3339(std::int64_t seconds) {
  const Broken t = break_down(seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(t.date.year()),
                     static_cast<unsigned>(t.date.month()), static_cast<unsigned>(t.date.day()),
                     t.hours, t.minutes, t.seconds);
}

}  // namespace m3u_proxy
