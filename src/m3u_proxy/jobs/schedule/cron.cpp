#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

#include <date/tz.h>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/jobs/schedule/cron.hpp>

namespace m3u_proxy::jobs {

struct TimeZone::Rules {
  const date::time_zone* zone;
};

TimeZone::TimeZone() = default;

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone found;
  const std::string_view wanted = trim(name);
  if (wanted.empty() || equals_ascii_case(wanted, "UTC")) return found;
  try {
    const date::time_zone* const zone =
        equals_ascii_case(wanted, "local") ? date::current_zone() : date::locate_zone(wanted);
    found.name_ = zone->name();
    found.rules_ = std::make_shared<const Rules>(Rules{.zone = zone});
    return found;
  } catch (const std::exception&) {
    return fail(
        ErrorCode::kConfig, fmt::format("there is no time zone called \"{}\"", excerpt(wanted)),
        "give a name of the tz database, such as Europe/Berlin, or UTC; the names come with "
        "the package tzdata");
  }
}

namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> kMonthNames = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kWeekdayNames = {"SUN", "MON", "TUE", "WED",
                                                           "THU", "FRI", "SAT"};
/// The calendar repeats after 400 years; a day that fits at all comes within 8, or with a weekday
/// within 40.
constexpr int kYearsToSearch = 40;
constexpr int kLastYear = 9999;
constexpr std::size_t kLongestExpression = 256;

/// What one field is made of.
struct FieldKind {
  std::string_view name;
  unsigned lowest;
  unsigned highest;  // 7 for a day of the week, which is Sunday too
  Names names;
};
constexpr std::array<FieldKind, 6> kFields = {{{"second", 0, 59, {}},
                                               {"minute", 0, 59, {}},
                                               {"hour", 0, 23, {}},
                                               {"day of the month", 1, 31, {}},
                                               {"month", 1, 12, kMonthNames},
                                               {"day of the week", 0, 7, kWeekdayNames}}};

struct Word {
  std::string_view text;
  std::size_t column = 1;
};

std::vector<Word> split(std::string_view text, char separator, std::size_t column) {
  std::vector<Word> words;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    words.push_back({.text = text.substr(begin, end - begin), .column = column + begin});
    if (end == text.size()) return words;
    begin = end + 1;
  }
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    if (is_ascii_space(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && !is_ascii_space(text[end])) ++end;
    words.push_back({.text = text.substr(begin, end - begin), .column = begin + 1});
    begin = end;
  }
  return words;
}

std::unexpected<Error> wrong(const Word& word, std::string message) {
  return fail(Error{
      .code = ErrorCode::kConfig,
      .message = std::move(message),
      .where = {.source = {}, .line = 1, .column = word.column},
      .hint = "write it as crontab does, such as \"30 4 * * *\" for half past four every night"});
}

Result<unsigned> read_number(const Word& word, const FieldKind& kind) {
  const auto named = std::ranges::find_if(
      kind.names, [&](std::string_view name) { return equals_ascii_case(name, word.text); });
  if (named != kind.names.end())
    return static_cast<unsigned>(named - kind.names.begin()) + kind.lowest;
  unsigned number = 0;
  const char* const end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, number);
  if (word.text.empty() || stop != end || error != std::errc())
    return wrong(word, fmt::format("\"{}\" is no {}", excerpt(word.text), kind.name));
  if (number < kind.lowest || number > kind.highest)
    return wrong(word, fmt::format("{} is no {}: from {} to {}", number, kind.name, kind.lowest,
                                   kind.highest));
  return number;
}

/// One item of a list: sets the values that it stands for.
Result<> read_item(const Word& item, const FieldKind& kind, std::bitset<60>& values) {
  const std::vector<Word> stepped = split(item.text, '/', item.column);
  if (stepped.size() > 2) return wrong(stepped[2], "a second step");
  unsigned step = 1;
  if (stepped.size() == 2) {
    const FieldKind steps{.name = "step", .lowest = 1, .highest = kind.highest, .names = {}};
    M3U_TRY(step, read_number(stepped[1], steps));
  }
  const Word& range = stepped.front();
  unsigned first = kind.lowest;
  unsigned last = kind.names.size() == kWeekdayNames.size() ? 6 : kind.highest;
  if (range.text != "*" && range.text != "?") {
    const std::vector<Word> ends = split(range.text, '-', range.column);
    if (ends.size() > 2) return wrong(ends[2], "a range has two ends");
    M3U_TRY(first, read_number(ends.front(), kind));
    if (ends.size() == 2) {
      M3U_TRY(last, read_number(ends.back(), kind));
      if (last < first)
        return wrong(range, fmt::format("the range {} ends before it begins", excerpt(range.text)));
    } else if (stepped.size() == 1) {
      last = first;
    } else {
      last = std::max(first, last);
    }
  }
  for (unsigned value = first; value <= last; value += step) values.set(value);
  return {};
}

Result<std::bitset<60>> read_field(const Word& field, const FieldKind& kind) {
  std::bitset<60> values;
  for (const Word& item : split(field.text, ',', field.column))
    M3U_CHECK(read_item(item, kind, values));
  return values;
}

template <std::size_t N>
std::bitset<N> narrowed(const std::bitset<60>& values) {
  std::bitset<N> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(N, 60); ++i) out.set(i, values.test(i));
  return out;
}

std::string_view expand(std::string_view expression) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShort = {
      {{"@yearly", "0 0 1 1 *"},
       {"@annually", "0 0 1 1 *"},
       {"@monthly", "0 0 1 * *"},
       {"@weekly", "0 0 * * 0"},
       {"@daily", "0 0 * * *"},
       {"@midnight", "0 0 * * *"},
       {"@hourly", "0 * * * *"}}};
  for (const auto& [name, meaning] : kShort)
    if (equals_ascii_case(expression, name)) return meaning;
  return expression;
}

unsigned days_in(int year, unsigned month) {
  const date::year_month_day_last last = date::year(year) / date::month(month) / date::last;
  return static_cast<unsigned>(last.day());
}

unsigned weekday_of(int year, unsigned month, unsigned day) {
  const date::sys_days days = date::year(year) / date::month(month) / date::day(day);
  return date::weekday(days).c_encoding();
}

/// The first value from `from` on; N when there is none.
template <std::size_t N>
unsigned first_from(const std::bitset<N>& values, unsigned from) {
  while (from < N && !values.test(from)) ++from;
  return from;
}

}  // namespace

Result<Cron> Cron::parse(std::string_view expression, TimeZone zone) {
  if (expression.size() > kLongestExpression)
    return wrong({}, "a schedule has at most 256 characters");
  const std::string_view meaning = expand(trim(expression));
  std::vector<Word> fields = words_of(meaning);
  if (fields.size() != 5 && fields.size() != 6)
    return wrong(fields.empty() ? Word{} : fields.back(),
                 fmt::format("a schedule has 5 fields, or 6 with seconds in front: this has {}",
                             fields.size()));
  if (fields.size() == 5) fields.insert(fields.begin(), {.text = "0", .column = 1});
  std::array<std::bitset<60>, kFields.size()> values;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    M3U_TRY(values[i], read_field(fields[i], kFields[i]));
  }
  Cron cron;
  cron.seconds_ = values[0];
  cron.minutes_ = values[1];
  cron.hours_ = narrowed<24>(values[2]);
  cron.days_ = narrowed<32>(values[3]);
  cron.months_ = narrowed<13>(values[4]);
  cron.weekdays_ = narrowed<7>(values[5]);
  if (values[5].test(7)) cron.weekdays_.set(0);
  const auto is_any = [](const Word& field) {
    return field.text.starts_with('*') || field.text.starts_with('?');
  };
  cron.any_day_ = is_any(fields[3]);
  cron.any_weekday_ = is_any(fields[5]);
  cron.expression_ = trim(expression);
  cron.zone_ = std::move(zone);
  if (!cron.first_fit(Civil{}))
    return wrong(fields[3], fmt::format("\"{}\" never comes", excerpt(cron.expression_)));
  return cron;
}

bool Cron::day_fits(const Civil& time) const {
  const bool day = days_.test(time.day);
  const bool weekday = weekdays_.test(weekday_of(time.year, time.month, time.day));
  return any_day_ || any_weekday_ ? day && weekday : day || weekday;
}

std::optional<Cron::Civil> Cron::first_fit(Civil time) const {
  const int last_year = std::min(time.year + kYearsToSearch, kLastYear);
  // A field that has to move begins all behind it anew.
  while (time.year <= last_year) {
    if (!months_.test(time.month)) {
      time = {.year = time.month == 12 ? time.year + 1 : time.year,
              .month = time.month == 12 ? 1 : time.month + 1};
      continue;
    }
    if (time.day > days_in(time.year, time.month)) {
      time = {.year = time.month == 12 ? time.year + 1 : time.year,
              .month = time.month == 12 ? 1 : time.month + 1};
      continue;
    }
    const auto next_day = [&time] { return Civil{time.year, time.month, time.day + 1}; };
    if (!day_fits(time)) {
      time = next_day();
      continue;
    }
    const unsigned hour = first_from(hours_, time.hour);
    if (hour == hours_.size()) {
      time = next_day();
      continue;
    }
    if (hour != time.hour) time = {time.year, time.month, time.day, hour};
    const unsigned minute = first_from(minutes_, time.minute);
    if (minute == minutes_.size()) {
      time = {time.year, time.month, time.day, hour + 1};
      continue;
    }
    if (minute != time.minute) time = {time.year, time.month, time.day, hour, minute};
    const unsigned second = first_from(seconds_, time.second);
    if (second != seconds_.size())
      return Civil{time.year, time.month, time.day, hour, minute, second};
    time = {time.year, time.month, time.day, hour, minute + 1};
  }
  return std::nullopt;
}

std::optional<std::int64_t> Cron::next(std::int64_t after) const {
  using std::chrono::seconds;
  const date::time_zone* const zone = zone_.rules_ ? zone_.rules_->zone : nullptr;
  const date::sys_seconds begin{seconds(after)};
  date::local_seconds local =
      zone != nullptr ? zone->to_local(begin) : date::local_seconds(begin.time_since_epoch());
  // A moment in an hour that exists twice lies before `after` in its second pass, and several that
  // do not exist are one: the search goes on behind them.
  while (true) {
    local += seconds(1);
    const auto day = date::floor<date::days>(local);
    const date::year_month_day ymd(day);
    const date::hh_mm_ss<seconds> clock(local - day);
    const auto fit = first_fit({.year = static_cast<int>(ymd.year()),
                                .month = static_cast<unsigned>(ymd.month()),
                                .day = static_cast<unsigned>(ymd.day()),
                                .hour = static_cast<unsigned>(clock.hours().count()),
                                .minute = static_cast<unsigned>(clock.minutes().count()),
                                .second = static_cast<unsigned>(clock.seconds().count())});
    if (!fit) return std::nullopt;
    local =
        date::local_days(date::year(fit->year) / date::month(fit->month) / date::day(fit->day)) +
        std::chrono::hours(fit->hour) + std::chrono::minutes(fit->minute) + seconds(fit->second);
    date::sys_seconds moment(local.time_since_epoch());
    if (zone != nullptr) {
      const date::local_info info = zone->get_info(local);
      moment = info.result == date::local_info::nonexistent
                   ? info.first.end
                   : date::sys_seconds(local.time_since_epoch() - info.first.offset);
    }
    if (moment > begin) return moment.time_since_epoch().count();
  }
}

}  // namespace m3u_proxy::jobs
