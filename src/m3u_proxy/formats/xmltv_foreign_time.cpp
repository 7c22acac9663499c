#include <algorithm>
#include <chrono>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/xmltv_foreign_time.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kYear = 4;
constexpr std::size_t kDate = 8;
constexpr std::size_t kDateAndHour = 10;
constexpr std::size_t kThousandths = 13;
constexpr std::size_t kWhole = 14;

std::int64_t number_of(std::string_view digits) {
  std::int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_ascii_digit(text[at + count])) ++count;
  return count;
}

bool is_at(std::string_view text, std::size_t at, std::string_view any_of) {
  return at < text.size() && any_of.contains(text[at]);
}

/// Whether `digits` begins with the date (and hour) of a programme rather than a number of seconds.
bool begins_with_date(std::string_view digits) {
  constexpr int kFirstYear = 1900;
  constexpr int kLastYear = 2099;
  constexpr std::int64_t kHours = 24;
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(number_of(digits.substr(0, kYear)))},
      std::chrono::month{static_cast<unsigned>(number_of(digits.substr(kYear, 2)))},
      std::chrono::day{static_cast<unsigned>(number_of(digits.substr(kYear + 2, 2)))}};
  const int year = static_cast<int>(date.year());
  return date.ok() && year >= kFirstYear && year <= kLastYear &&
         number_of(digits.substr(kDate, 2)) <= kHours;
}

/// Reads a time from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<ForeignTime> read() {
    const std::size_t count = digits_at(text_, 0);
    at_ = count;
    bool good = false;
    if (count == kYear) {
      good = is_at(text_, at_, "-") && read_dashed();
    } else if (count == kDate) {
      std::ranges::copy(text_.substr(0, kDate), time_.digits.begin());
      good = read_clock_of_plain_date();
    } else if (count == kWhole) {
      std::ranges::copy(text_.substr(0, kWhole), time_.digits.begin());
      good = skip_fraction();
    } else if (count == kDateAndHour || count == kThousandths) {
      good = read_epoch(count);
    }
    if (!good) return std::nullopt;
    time_.zone = text_.substr(at_);
    return time_;
  }

 private:
  /// One or two digits, put at `to`.
  bool read_number(std::size_t to) {
    const std::size_t count = digits_at(text_, at_);
    if (count == 0 || count > 2) return false;
    time_.digits[to] = count == 2 ? text_[at_] : '0';
    time_.digits[to + 1] = text_[at_ + count - 1];
    at_ += count;
    return true;
  }

  /// `-01-15`, and what follows.
  bool read_dashed() {
    std::ranges::copy(text_.substr(0, kYear), time_.digits.begin());
    ++at_;
    if (!read_number(kYear) || !is_at(text_, at_, "-")) return false;
    ++at_;
    if (!read_number(kYear + 2)) return false;
    const std::size_t date_end = at_;
    pass_separator();
    if (at_ == date_end || digits_at(text_, at_) == 0) {
      at_ = date_end;  // the date alone, and a zone perhaps
      return !is_at(text_, at_, "Tt");
    }
    return read_clock();
  }

  /// `T200000`, ` 20:00`; of what a blank may precede, only what cannot be a zone.
  bool read_clock_of_plain_date() {
    const bool is_t = is_at(text_, at_, "Tt");
    if (!pass_separator()) return false;
    const std::size_t count = digits_at(text_, at_);
    constexpr std::size_t kClock = 6;
    if (count == 0 || (!is_t && count != kClock && !is_at(text_, at_ + count, ":"))) return false;
    return read_clock();
  }

  bool pass_separator() {
    const std::size_t before = at_;
    if (is_at(text_, at_, "Tt"))
      ++at_;
    else
      while (is_at(text_, at_, " \t")) ++at_;
    return at_ != before;
  }

  /// `20`, `2000`, `200000`, `20:00`, `20:00:00`, with a fraction.
  bool read_clock() {
    const std::size_t count = digits_at(text_, at_);
    constexpr std::size_t kLongest = kWhole - kDate;
    if (count > 2) {
      if (count % 2 != 0 || count > kLongest) return false;
      std::ranges::copy(text_.substr(at_, count), time_.digits.begin() + kDate);
      at_ += count;
      if (count == kLongest) skip_fraction();
      return true;
    }
    std::size_t to = kDate;
    if (!read_number(to)) return false;
    while (is_at(text_, at_, ":")) {
      to += 2;
      ++at_;
      if (to == kWhole || !read_number(to)) return false;
    }
    if (to + 2 == kWhole) skip_fraction();
    return true;
  }

  /// Passes over `.123`; false when there is none.
  bool skip_fraction() {
    if (!is_at(text_, at_, ".,") || digits_at(text_, at_ + 1) == 0) return false;
    at_ += 1 + digits_at(text_, at_ + 1);
    return true;
  }

  bool read_epoch(std::size_t count) {
    if (begins_with_date(text_)) return false;
    constexpr std::int64_t kThousand = 1000;
    time_.epoch = number_of(text_.substr(0, count));
    if (count == kThousandths) *time_.epoch /= kThousand;
    skip_fraction();
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  ForeignTime time_;
};

}  // namespace

std::optional<ForeignTime> read_foreign_time(std::string_view text) { return Reader(text).read(); }

}  // namespace m3u_proxy::formats
