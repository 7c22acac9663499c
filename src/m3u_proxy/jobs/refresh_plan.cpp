#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/refresh_plan.hpp>
#include <m3u_proxy/jobs/retry.hpp>

namespace m3u_proxy::jobs {

RefreshPlan::RefreshPlan(store::Store& store, const Refresher& refresher, Clock clock,
                         Options options)
    : store_(store),
      refresher_(refresher),
      clock_(std::move(clock)),
      options_(std::move(options)) {}

Schedule RefreshPlan::schedule_of(const SourceEntry& source, const Options& options) {
  const std::string& said = source.config.refresh;
  auto schedule = Schedule::parse(said.empty() ? options.refresh : said, options.zone);
  // Where one is written down it is checked; an older version or a backup may bring others.
  if (!schedule) schedule = Schedule::parse(options.refresh, options.zone);
  Schedule found = schedule.value_or(Schedule());
  found.set_jitter(options.jitter);
  return found;
}

Result<std::optional<store::Time>> RefreshPlan::next(const SourceEntry& source) const {
  if (!source.config.channels.empty()) return std::nullopt;  // there is nothing to fetch
  Options options;
  Tries tries;
  {
    const std::scoped_lock lock(mutex_);
    options = options_;
    if (const auto known = tries_.find(source.id); known != tries_.end()) tries = known->second;
  }
  M3U_TRY(const auto state, store_.snapshots().fetch_state(source.id));
  std::optional<store::Time> last;
  std::int64_t failures = 0;
  if (state && state->tried != store::Time()) {
    last = state->tried;
    failures = state->failures;
  }
  if (tries.failed && (!last || *tries.failed >= *last)) {
    last = tries.failed;
    failures = std::max(failures, tries.failures);
  }
  // For the end of the try that was asked for.
  const bool waits = tries.asked && (!last || *last < *tries.asked);
  if (waits) last = tries.asked;
  const auto due = schedule_of(source, options)
                       .due(source.config.name.name,
                            last ? std::optional(store::seconds_of(*last)) : std::nullopt,
                            store::seconds_of(clock_()));
  if (!due) return std::nullopt;
  store::Time next{std::chrono::seconds(*due)};
  if (waits) return next;
  if (last && source.updated > *last)
    next = std::min(next, source.updated);
  else if (last && failures != 0)
    next = std::min<store::Time>(next, *last + retry_after(failures));
  if (const auto until = refresher_.left_alone_until(source)) next = std::max(next, *until);
  return next;
}

void RefreshPlan::asked(const Uuid& source, store::Time when) {
  const std::scoped_lock lock(mutex_);
  tries_[source].asked = when;
}

void RefreshPlan::ended(const Uuid& source, const Result<std::string>& result) {
  if (!result && result.error().code == ErrorCode::kCancelled) return;
  const std::scoped_lock lock(mutex_);
  const auto known = tries_.find(source);
  if (result) {
    if (known == tries_.end()) return;
    known->second.failed.reset();
    known->second.failures = 0;
    return;
  }
  Tries& tries = tries_[source];
  tries.failed = clock_();
  ++tries.failures;
}

void RefreshPlan::configure(Options options) {
  const std::scoped_lock lock(mutex_);
  options_ = std::move(options);
}

void RefreshPlan::follow(const Model& model) {
  for (const SourceEntry& source : model.sources)
    if (const auto schedule = Schedule::parse(source.config.refresh); !schedule)
      log::error("config", "\"{}\": refresh = \"{}\" is not used, [service] refresh is: {}",
                 source.config.name.name, source.config.refresh, to_string(schedule.error()));
  const std::scoped_lock lock(mutex_);
  std::erase_if(tries_,
                [&](const auto& entry) { return model.find_source(entry.first) == nullptr; });
}

void RefreshPlan::forget() {
  const std::scoped_lock lock(mutex_);
  tries_.clear();
}

}  // namespace m3u_proxy::jobs
