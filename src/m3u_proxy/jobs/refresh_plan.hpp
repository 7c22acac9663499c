// RefreshPlan: when each source is refreshed next: by its schedule, by how its last tries ended,
// and by what its server asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/schedule/schedule.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// Thread-safe.
class RefreshPlan {
 public:
  struct Options {
    std::chrono::seconds jitter{300};
    TimeZone zone{};
    std::string refresh = "12h";  ///< of sources that say nothing themselves
  };
  /// All outlive this.
  RefreshPlan(store::Store& store, const Refresher& refresher, Clock clock, Options options);

  /// When a source is refreshed next; nullopt: when somebody asks. What failed is tried again
  /// sooner than the schedule says (retry.hpp), but not before its server wants to be asked. What
  /// was changed since the last try is due at once. A schedule that cannot be read is that of
  /// sources without one. Errors: of the store.
  [[nodiscard]] Result<std::optional<store::Time>> next(const SourceEntry& source) const;

  /// A refresh was asked for at `when`.
  void asked(const Uuid& source, store::Time when);
  /// A refresh has ended. That it failed need not be in the store: it may be the store that failed.
  void ended(const Uuid& source, const Result<std::string>& result);
  /// From now on.
  void configure(Options options);
  /// Forgets the sources that `model` does not have, and says which schedules cannot be read.
  void follow(const Model& model);
  /// Forgets what was asked for and how it ended.
  void forget();

  /// The source's own schedule, or that of sources without one.
  [[nodiscard]] static Schedule schedule_of(const SourceEntry& source, const Options& options);

 private:
  struct Tries {
    std::optional<store::Time> asked{};   ///< for the last time
    std::optional<store::Time> failed{};  ///< the end of the last try, when it failed
    std::int64_t failures = 0;            ///< in a row
  };

  store::Store& store_;
  const Refresher& refresher_;
  Clock clock_;
  mutable std::mutex mutex_;  // of what follows
  Options options_;
  std::map<Uuid, Tries> tries_;
};

}  // namespace m3u_proxy::jobs
