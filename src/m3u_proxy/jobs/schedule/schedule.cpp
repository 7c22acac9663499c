#include <xxhash.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::chrono::seconds kShortest{60};

/// "6h", "1h30m", "45s"; nullopt when it is something else.
std::optional<std::chrono::seconds> read_interval(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{366} * 86400;
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && is_ascii_digit(text[digits]) && number < kMost)
      number = number * 10 + (text[digits++] - '0');
    if (digits == 0 || digits == text.size()) return std::nullopt;
    switch (ascii_lower(text[digits])) {
      case 'd':
        number *= 86400;
        break;
      case 'h':
        number *= 3600;
        break;
      case 'm':
        number *= 60;
        break;
      case 's':
        break;
      default:
        return std::nullopt;
    }
    total += number;
    if (total > kMost) return std::nullopt;
    text.remove_prefix(digits + 1);
  }
  return std::chrono::seconds(total);
}

}  // namespace

Result<Schedule> Schedule::every(std::chrono::seconds interval) {
  if (interval < kShortest)
    return fail(ErrorCode::kConfig, "an interval is at least one minute",
                "providers lock out accounts that ask more often");
  Schedule schedule;
  schedule.when_ = interval;
  return schedule;
}

Schedule Schedule::by(Cron cron) {
  Schedule schedule;
  schedule.when_ = std::move(cron);
  return schedule;
}

Result<Schedule> Schedule::parse(std::string_view text, const TimeZone& zone) {
  const std::string_view wanted = trim(text);
  if (wanted.empty() || equals_ascii_case(wanted, "manual")) return Schedule();
  if (const auto interval = read_interval(wanted)) return every(*interval);
  M3U_TRY(Cron cron, Cron::parse(wanted, zone));
  if (cron.is_due_within_a_minute())
    return fail(ErrorCode::kConfig, "it is due several times in a minute",
                "give one second only, such as \"0 */5 * * * *\", or leave that field out: "
                "providers lock out accounts that ask more often");
  return by(std::move(cron));
}

std::int64_t Schedule::delay(std::string_view key, std::int64_t moment) const {
  if (jitter_.count() <= 0) return 0;
  const std::uint64_t hash =
      XXH3_64bits_withSeed(key.data(), key.size(), static_cast<std::uint64_t>(moment));
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(jitter_.count() + 1));
}

std::optional<std::int64_t> Schedule::due(std::string_view key, std::optional<std::int64_t> last,
                                          std::int64_t after) const {
  if (const auto* const interval = std::get_if<std::chrono::seconds>(&when_)) {
    if (!last) return after;
    const std::int64_t moment = *last + interval->count();
    return moment + delay(key, moment);
  }
  if (const auto* const cron = std::get_if<Cron>(&when_)) {
    if (!last) return after;
    const auto moment = cron->next(*last);
    if (!moment) return std::nullopt;
    return *moment + delay(key, *moment);
  }
  return std::nullopt;
}

}  // namespace m3u_proxy::jobs
