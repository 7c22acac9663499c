// Fuzz target: schedules.
//
// Whatever the text, reading it ends without a fault; what was read is due later than it was asked
// for, in order, and never in an endless search.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <m3u_proxy/jobs/schedule/schedule.hpp>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace m3u_proxy::jobs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)Schedule::parse(text);
  static const TimeZone kBerlin = TimeZone::find("Europe/Berlin").value_or(TimeZone());
  const auto cron = Cron::parse(text, kBerlin);
  if (!cron) return 0;
  std::int64_t after = 1'774'700'000;  // in March 2026, shortly before a jump
  for (int i = 0; i < 5; ++i) {
    const auto moment = cron->next(after);
    if (!moment) break;
    require(*moment > after);
    after = *moment;
  }
  return 0;
}
