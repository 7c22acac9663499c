#include <algorithm>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/clock_changes.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/current_model.hpp>
#include <m3u_proxy/jobs/retry.hpp>

namespace m3u_proxy::jobs {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kLongestSleep{24};
constexpr std::chrono::seconds kPause{2};
/// Of the leader's lock, where several could hold it.
constexpr std::chrono::seconds kBetweenLooks{2};

void earliest(std::optional<store::Time>& time, const std::optional<store::Time>& other) {
  if (other && (!time || *other < *time)) time = other;
}

/// Whether the same could be done later: the store or the disk is to blame, not what it says.
bool may_pass(const Error& error) {
  switch (error.code) {
    case ErrorCode::kConfig:
    case ErrorCode::kParse:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return false;
    default:
      return true;
  }
}

store::NewJob new_job(std::string_view kind, const Uuid& target, JobPriority priority,
                      store::Time when) {
  return {.kind = std::string(kind),
          .target = to_string(target),
          .dedup_key = std::string(kind) + " " + to_string(target),
          .priority = static_cast<int>(priority),
          .not_before = when};
}

}  // namespace

store::NewJob refresh_job(const Uuid& source, JobPriority priority, store::Time when) {
  store::NewJob job = new_job(kRefreshJob, source, priority, when);
  // A schedule's may be for the sake of a change that the running one has not seen.
  job.joins_running = priority == JobPriority::kPerson;
  return job;
}

store::NewJob generate_job(const Uuid& proxy, JobPriority priority, store::Time when) {
  return new_job(kGenerateJob, proxy, priority, when);
}

Conductor::Conductor(store::Store& store, config::Configuration base, Refresher& refresher,
                     Generator& generator, Clock clock, Options options, Listeners listeners)
    : store_(store),
      refresher_(refresher),
      generator_(generator),
      clock_(std::move(clock)),
      listeners_(std::move(listeners)),
      refreshes_(store, refresher, clock_, options.refreshes),
      base_(std::move(base)),
      options_(std::move(options)) {}

Conductor::~Conductor() { stop(); }

std::shared_ptr<const Model> Conductor::model() const {
  const std::scoped_lock lock(mutex_);
  return model_;
}

Conductor::Options Conductor::options() const {
  const std::scoped_lock lock(mutex_);
  return options_;
}

void Conductor::configure(config::Configuration base, Options options) {
  refreshes_.configure(options.refreshes);
  {
    const std::scoped_lock lock(mutex_);
    base_ = std::move(base);
    options_ = std::move(options);
  }
  reconfigured_ = true;
  if (feed_) feed_->wake();
}

void Conductor::refresh_ended(const Uuid& source, const Result<std::string>& result) {
  refreshes_.ended(source, result);
  if (!result && feed_) feed_->wake();
}

void Conductor::generation_ended(const Uuid& proxy, const Result<std::string>& result) {
  const bool failed = !result && result.error().code != ErrorCode::kCancelled &&
                      result.error().code != ErrorCode::kNotFound;
  {
    const std::scoped_lock lock(mutex_);
    if (failed) {
      Failure& failure = failed_[proxy];
      failure.again = clock_() + retry_after(++failure.in_a_row);
    } else {
      failed_.erase(proxy);
    }
  }
  if (failed && feed_) feed_->wake();
}

Result<> Conductor::start() {
  M3U_TRY(feed_, store_.watch());
  M3U_CHECK(load());
  M3U_CHECK(refresher_.delete_orphans(*model()));
  M3U_CHECK(generator_.delete_orphans(*model()));
  M3U_CHECK(refresher_.delete_removed(*model()));
  M3U_CHECK(generator_.delete_removed(*model()));
  if (options_.replicas)
    keeper_ = std::make_unique<DepotKeeper>(refresher_, generator_, [this] { return model(); });
  thread_ = std::thread([this] { run(); });
  return {};
}

void Conductor::stop() {
  stopping_ = true;
  if (feed_) feed_->wake();
  if (thread_.joinable()) thread_.join();
  keeper_.reset();
}

void Conductor::restored() {
  restored_ = true;
  if (feed_) feed_->wake();
}

Result<> Conductor::load() {
  config::Configuration base;
  {
    const std::scoped_lock lock(mutex_);
    base = base_;
  }
  M3U_TRY(const std::int64_t revision, store_.entities().revision());
  M3U_TRY(auto loaded, load_current_model(store_, base));
  {
    const std::scoped_lock lock(mutex_);
    model_ = loaded;
    revision_ = revision;
  }
  refreshes_.follow(*loaded);
  for (const SourceEntry& source : loaded->sources)
    if (!source.config.channels.empty()) refresher_.note_manual_channels(source);
  if (listeners_.model) listeners_.model(std::move(loaded));
  return {};
}

/// Whether each of the proxy's sources has been fetched, or could not be.
Result<bool> Conductor::all_tried(const Model& model, const ProxyEntry& proxy) {
  for (const auto& [names, is_guide] :
       {std::pair(&proxy.config.sources, false), std::pair(&proxy.config.epg_sources, true)})
    for (const config::Named& name : *names) {
      const SourceEntry* const source = model.find_source(name.name, is_guide);
      if (source == nullptr || !source->config.channels.empty()) continue;
      M3U_TRY(const auto state, store_.snapshots().fetch_state(source->id));
      if (!state || state->tried == store::Time()) return false;
    }
  return true;
}

/// Which proxies are no longer made of what they were made of: they wait until it is quiet. One
/// that nobody can be served from yet waits for its sources only.
Result<> Conductor::find_changed() {
  if (!leads_) return {};
  const auto current = model();
  const store::Time now = clock_();
  const Options options = this->options();
  // A proxy that comes back has the id that it had, and nothing that was made before.
  const auto is_gone = [&](const auto& entry) {
    return current->find_proxy(entry.first) == nullptr;
  };
  std::erase_if(made_of_, is_gone);
  std::erase_if(waiting_, is_gone);
  for (const ProxyEntry& proxy : current->proxies) {
    M3U_TRY(auto inputs, generator_.inputs_of(*current, proxy));
    if (!inputs) continue;  // there is nothing to make it of yet
    std::string& known = made_of_[proxy.id];
    const auto waits = waiting_.find(proxy.id);
    if (known == *inputs && (waits == waiting_.end() || !waits->second.unpublished)) continue;
    const bool changed = known != *inputs;
    const auto [waiting, is_new] =
        waiting_.try_emplace(proxy.id, Waiting{.first = now, .unpublished = known.empty()});
    known = *std::move(inputs);
    Waiting& entry = waiting->second;
    if (changed)
      entry.due = std::min(now + options.quiet_period, entry.first + options.longest_quiet);
    if (!entry.unpublished) continue;
    M3U_TRY(const bool complete, all_tried(*current, proxy));
    if (complete) entry.due = now;
  }
  return {};
}

Result<std::optional<store::Time>> Conductor::refreshes() {
  std::optional<store::Time> next;
  const store::Time now = clock_();
  const auto current = model();
  for (const SourceEntry& source : current->sources) {
    M3U_TRY(const auto due, next_refresh(source));
    if (!due) continue;
    if (*due > now) {
      earliest(next, due);
      continue;
    }
    M3U_CHECK(store_.jobs().enqueue(refresh_job(source.id, JobPriority::kSchedule, now), now));
    refreshes_.asked(source.id, now);
    M3U_TRY(const auto again, next_refresh(source));
    earliest(next, again);
  }
  return next;
}

/// Looks for changes where the clock has made a proxy another one.
Result<std::optional<store::Time>> Conductor::clock_changes() {
  const store::Time now = clock_();
  if (by_clock_ && *by_clock_ <= now) M3U_CHECK(find_changed());
  by_clock_.reset();
  const auto current = model();
  for (const ProxyEntry& proxy : current->proxies)
    earliest(by_clock_, next_change_by_clock(*current, proxy, now));
  return by_clock_;
}

std::optional<store::Time> Conductor::generations() {
  std::optional<store::Time> next;
  const store::Time now = clock_();
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    if (entry->second.due > now) {
      earliest(next, entry->second.due);
      ++entry;
      continue;
    }
    const auto done =
        store_.jobs().enqueue(generate_job(entry->first, JobPriority::kFollowUp, now), now);
    if (!done) {
      log::warn("jobs", "a generation could not be asked for: {}", to_string(done.error()));
      earliest(next, now + kPause);
      ++entry;
      continue;
    }
    entry = waiting_.erase(entry);
  }
  return next;
}

/// What could not be looked at for a reason that may pass is the answer.
store::Topics Conductor::follow(store::Topics topics) {
  const auto has = [&](store::Topic topic) { return topics.test(static_cast<std::size_t>(topic)); };
  const bool settings =
      has(store::Topic::kEntities) || has(store::Topic::kSettings) || has(store::Topic::kEdits);
  store::Topics undone;
  if (has(store::Topic::kEdits)) generator_.edits_changed();
  if (settings) {
    // What is not right keeps the old one, and says so.
    const auto loaded = load();
    if (!loaded) {
      log::error("config", "what the store says is not valid: {}", to_string(loaded.error()));
      if (may_pass(loaded.error())) undone.set(static_cast<std::size_t>(store::Topic::kSettings));
    }
    model_is_current_ = loaded.has_value();
  }
  if (settings || has(store::Topic::kSnapshots)) {
    if (const auto found = find_changed(); found) {
      changes_.worked();
    } else {
      changes_.failed(found.error());
      if (may_pass(found.error())) undone.set(static_cast<std::size_t>(store::Topic::kSnapshots));
    }
  }
  if (has(store::Topic::kGenerations) && listeners_.generations) listeners_.generations();
  if (has(store::Topic::kJobs) && listeners_.jobs) listeners_.jobs();
  if (listeners_.changes && topics.any()) listeners_.changes(topics);
  return undone;
}

/// One part that fails keeps no other from its work.
Result<std::optional<store::Time>> Conductor::enqueue_due() {
  if (!leads_) return stand_by();
  auto next = clock_changes();
  const auto add = [&](Result<std::optional<store::Time>> other) {
    if (next && other)
      earliest(*next, *other);
    else if (next)
      next = std::move(other);
  };
  add(refreshes());
  add(retries());
  add(generations());
  if (const auto tidied = tidy(); next && !tidied) return fail(tidied.error());
  return next;
}

void Conductor::run() {
  share();
  store::Topics undone;  // the first look at the lead follows everything
  while (!stopping_) {
    const auto leads = look_at_lead(undone);
    const auto next =
        leads ? enqueue_due() : Result<std::optional<store::Time>>(fail(leads.error()));
    if (next)
      schedule_.worked();
    else
      schedule_.failed(next.error());
    milliseconds sleep = kLongestSleep;
    if (!next || undone.any()) sleep = kPause;
    if (options().replicas) sleep = std::min<milliseconds>(sleep, kBetweenLooks);
    if (next && *next) sleep = std::clamp<milliseconds>(**next - clock_(), milliseconds(1), sleep);
    auto topics = feed_->wait(sleep);
    if (stopping_) return;
    if (topics) {
      const bool restored = restored_.exchange(false);
      if (restored) forget();
      if (reconfigured_.exchange(false) || restored)
        topics->set(static_cast<std::size_t>(store::Topic::kSettings));
      news_.worked();
      undone = follow(*topics | undone);
      if (restored) share();
    } else {
      news_.failed(topics.error());
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace m3u_proxy::jobs
