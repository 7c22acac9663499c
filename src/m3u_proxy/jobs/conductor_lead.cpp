// The lead over all replicas: who has it, what follows from that, and what everybody does.
#include <utility>
#include <vector>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/current_model.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::chrono::hours kBetweenTidying{1};
/// Of what other replicas have forgotten, which fills this one's disk.
constexpr std::chrono::minutes kBetweenTidyingHere{10};
constexpr std::chrono::hours kAuditKept{24 * 365};
/// What lies here or in the depot and no row names: longer than it takes to put it there and to
/// name it.
constexpr std::chrono::hours kUnnamedKept{6};
constexpr std::chrono::seconds kPause{2};
/// Jobs of an earlier leader that are looked at.
constexpr int kMostLeft = 1000;

void earliest(std::optional<store::Time>& time, const std::optional<store::Time>& other) {
  if (other && (!time || *other < *time)) time = other;
}

}  // namespace

/// Begins where the last leader ended, be it an earlier process or another replica.
Result<> Conductor::take_over() {
  by_clock_.reset();
  refreshes_.forget();
  // What it did not get to is in the queue: it is not asked for twice.
  for (const store::JobState state : {store::JobState::kQueued, store::JobState::kRunning}) {
    M3U_TRY(
        const auto left,
        store_.jobs().list({.state = state, .kind = std::string(kRefreshJob), .limit = kMostLeft}));
    for (const store::Job& job : left)
      if (const auto source = parse_uuid(job.target)) refreshes_.asked(*source, clock_());
  }
  // What a generation was made of is in its snapshot, so only what has changed since is made
  // again.
  const auto current = model();
  for (const ProxyEntry& proxy : current->proxies) {
    // A job for that was asked for already, when this replica led before.
    if (const auto asked = made_of_.find(proxy.id); asked != made_of_.end()) {
      M3U_TRY(const auto now, generator_.inputs_of(*current, proxy));
      if (now && *now == asked->second) continue;
      made_of_.erase(asked);
    }
    M3U_TRY(std::string inputs, generator_.inputs_of_newest(proxy.id));
    if (!inputs.empty()) made_of_[proxy.id] = std::move(inputs);
  }
  return {};
}

/// What was not asked for yet is the next leader's.
void Conductor::stand_down() {
  if (leads_ && options().replicas) log::warn("jobs", "this replica does not lead any more");
  leads_ = false;
  for (const auto& [proxy, waiting] : waiting_) made_of_.erase(proxy);
  waiting_.clear();
}

/// Whether this replica leads from now on is in leads_. Error: kUnavailable: it does not, and what
/// changes is not heard of until the database is back. Jobs that anybody may take are noticed too.
Result<> Conductor::look_at_lead(store::Topics& undone) {
  const auto leads = store_.lead();
  if (!leads) {
    stand_down();
    cut_off_ = true;
    return fail(leads.error());
  }
  if (!*leads) stand_down();
  store::Topics unheard;
  // Nobody said meanwhile what has changed.
  if (std::exchange(cut_off_, false)) unheard = store::all_topics();
  if (*leads && !leads_) {
    leads_ = true;
    if (const auto taken = take_over(); !taken) {
      stand_down();
      cut_off_ = true;
      store_.resign();
      return taken;
    }
    if (options().replicas) log::info("jobs", "this replica leads: its schedule is followed");
    unheard.set(static_cast<std::size_t>(store::Topic::kSnapshots));
  }
  if (unheard.any()) undone = follow(unheard | undone);
  if (!options().replicas || !listeners_.jobs) return {};
  // Nobody says so when the lease of a job is over whose replica is gone.
  M3U_TRY(const auto next, store_.jobs().next_time());
  if (next && *next <= clock_()) listeners_.jobs();
  return {};
}

/// What is only here, as after a restore or when a service alone becomes one of several.
void Conductor::share() {
  if (keeper_) keeper_->share();
}

/// What is done by those who do not lead.
Result<std::optional<store::Time>> Conductor::stand_by() {
  const auto next = retries();
  M3U_CHECK(tidy());
  return next;
}

Result<std::shared_ptr<const Model>> Conductor::model_for_job() const {
  if (!options().replicas) return model();
  generator_.edits_changed();
  M3U_TRY(const std::int64_t revision, store_.entities().revision());
  config::Configuration base;
  {
    const std::scoped_lock lock(mutex_);
    if (revision == revision_) return model_;
    base = base_;
  }
  return load_current_model(store_, base);
}

/// Puts what failed back among what waits, once it is time. Who does not lead asks for it at once,
/// to be done then: only here it is known that it failed, and this replica may be gone by then.
std::optional<store::Time> Conductor::retries() {
  std::optional<store::Time> next;
  const store::Time now = clock_();
  std::vector<std::pair<Uuid, store::Time>> asked;
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(failed_,
                  [&](const auto& entry) { return model_->find_proxy(entry.first) == nullptr; });
    for (auto& [proxy, failure] : failed_) {
      if (failure.again == store::Time()) continue;  // it was asked for
      if (leads_ && failure.again > now)
        earliest(next, failure.again);
      else
        asked.emplace_back(proxy, std::exchange(failure.again, {}));
    }
  }
  for (const auto& [proxy, again] : asked) {
    if (leads_) {
      waiting_.try_emplace(proxy, Waiting{.first = now, .due = now});
      continue;
    }
    if (store_.jobs().enqueue(generate_job(proxy, JobPriority::kFollowUp, again), now)) continue;
    const std::scoped_lock lock(mutex_);
    if (const auto failed = failed_.find(proxy); failed != failed_.end())
      failed->second.again = again;
    earliest(next, now + kPause);
  }
  return next;
}

Result<> Conductor::tidy() {
  const store::Time now = clock_();
  const Options options = this->options();
  const store::Duration between_here =
      options.replicas ? kBetweenTidyingHere : std::chrono::minutes(kBetweenTidying);
  if (now - tidied_here_ >= between_here) {
    tidied_here_ = now;
    M3U_CHECK(tidy_here(now - kUnnamedKept));
  }
  if (now - tidied_ < kBetweenTidying) return {};
  tidied_ = now;
  if (!leads_) return {};
  M3U_CHECK(store_.jobs().prune(now - options.reports_kept));
  M3U_CHECK(store_.audit_log().prune(now - kAuditKept));
  M3U_CHECK(refresher_.delete_superseded(now - options.grace));
  if (keeper_ && model_is_current_) keeper_->tidy(now - kUnnamedKept);
  M3U_CHECK(store_.edits().prune(options.reports_kept, now));
  return {};
}

/// Deletes what is in this process's own folder for nothing.
Result<> Conductor::tidy_here(store::Time before) {
  // By an old model, data of what came meanwhile would seem to be nobody's.
  if (!model_is_current_) return {};
  if (options().replicas) {
    M3U_CHECK(refresher_.delete_orphans(*model(), before));
    M3U_CHECK(generator_.delete_orphans(*model(), before));
  }
  M3U_CHECK(refresher_.delete_removed(*model()));
  return generator_.delete_removed(*model());
}

void Conductor::forget() {
  made_of_.clear();
  waiting_.clear();
  refreshes_.forget();
  const std::scoped_lock lock(mutex_);
  failed_.clear();
}

}  // namespace m3u_proxy::jobs
