#include <algorithm>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/conductor.hpp>

namespace m3u_proxy::jobs {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kLongestSleep{24};
constexpr std::chrono::hours kBetweenTidying{1};
constexpr std::chrono::hours kAuditKept{24 * 365};
constexpr std::chrono::seconds kPause{2};
/// A source that failed is tried again after this, doubled with each failure.
constexpr std::chrono::seconds kFirstRetry{30};
constexpr std::chrono::seconds kLongestRetry{3600};
constexpr std::int64_t kMostDoublings = 7;
/// Jobs of an earlier process that are looked at.
constexpr int kMostLeft = 1000;

store::Time time_of(std::int64_t seconds) { return store::Time(std::chrono::seconds(seconds)); }

void earliest(std::optional<store::Time>& time, const std::optional<store::Time>& other) {
  if (other && (!time || *other < *time)) time = other;
}

std::chrono::seconds retry_after(std::int64_t failures) {
  const auto doublings = std::clamp<std::int64_t>(failures - 1, 0, kMostDoublings);
  return std::min(kFirstRetry * (std::int64_t{1} << doublings), kLongestRetry);
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
  {
    const std::scoped_lock lock(mutex_);
    base_ = std::move(base);
    options_ = std::move(options);
  }
  reconfigured_ = true;
  if (feed_) feed_->wake();
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
  // What the last process did not get to is in the queue: it is not asked for twice.
  for (const store::JobState state : {store::JobState::kQueued, store::JobState::kRunning}) {
    M3U_TRY(
        const auto left,
        store_.jobs().list({.state = state, .kind = std::string(kRefreshJob), .limit = kMostLeft}));
    for (const store::Job& job : left)
      if (const auto source = parse_uuid(job.target)) asked_[*source] = clock_();
  }
  // What a generation was made of is in its snapshot, so only what has changed since is made
  // again.
  for (const ProxyEntry& proxy : model()->proxies) {
    M3U_TRY(const auto snapshot, generator_.newest(proxy.id));
    if (!snapshot) continue;
    const auto& notes = snapshot->manifest().notes;
    if (const auto inputs = notes.find("inputs"); inputs != notes.end())
      made_of_[proxy.id] = inputs->second;
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void Conductor::stop() {
  stopping_ = true;
  if (feed_) feed_->wake();
  if (thread_.joinable()) thread_.join();
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
  M3U_TRY(auto loaded, load_model(store_, base));
  {
    const std::scoped_lock lock(mutex_);
    model_ = loaded;
  }
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
  const auto current = model();
  const store::Time now = clock_();
  const Options options = this->options();
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

Result<std::optional<store::Time>> Conductor::next_refresh(const SourceEntry& source) {
  if (!source.config.channels.empty()) return std::nullopt;  // there is nothing to fetch
  const std::string& said = source.config.refresh;
  const Options options = this->options();
  M3U_TRY(Schedule schedule, Schedule::parse(said.empty() ? options.refresh : said, options.zone));
  schedule.set_jitter(options.jitter);
  M3U_TRY(const auto state, store_.snapshots().fetch_state(source.id));
  std::optional<store::Time> last;
  if (state && state->tried != store::Time()) last = state->tried;
  bool waits = false;  // for the end of the try that was asked for
  {
    const std::scoped_lock lock(mutex_);
    if (const auto asked = asked_.find(source.id); asked != asked_.end()) {
      waits = !last || *last < asked->second;
      if (waits) last = asked->second;
    }
  }
  const auto due = schedule.due(source.config.name.name,
                                last ? std::optional(store::seconds_of(*last)) : std::nullopt,
                                store::seconds_of(clock_()));
  if (!due) return std::nullopt;
  const store::Time scheduled = time_of(*due);
  if (!waits && last && source.updated > *last) return std::min(scheduled, source.updated);
  if (waits || !state || state->failures == 0) return scheduled;
  return std::min<store::Time>(scheduled, state->tried + retry_after(state->failures));
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
    {
      const std::scoped_lock lock(mutex_);
      asked_[source.id] = now;
    }
    M3U_TRY(const auto again, next_refresh(source));
    earliest(next, again);
  }
  return next;
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

/// Puts what failed back among what waits, once it is time.
std::optional<store::Time> Conductor::retries() {
  std::optional<store::Time> next;
  const store::Time now = clock_();
  const std::scoped_lock lock(mutex_);
  std::erase_if(failed_,
                [&](const auto& entry) { return model_->find_proxy(entry.first) == nullptr; });
  for (auto& [proxy, failure] : failed_) {
    if (failure.again == store::Time()) continue;  // it was asked for
    if (failure.again > now) {
      earliest(next, failure.again);
      continue;
    }
    failure.again = {};
    waiting_.try_emplace(proxy, Waiting{.first = now, .due = now});
  }
  return next;
}

Result<> Conductor::tidy() {
  const store::Time now = clock_();
  if (now - tidied_ < kBetweenTidying) return {};
  tidied_ = now;
  const Options options = this->options();
  M3U_CHECK(store_.jobs().prune(now - options.reports_kept));
  M3U_CHECK(store_.audit_log().prune(now - kAuditKept));
  M3U_CHECK(refresher_.delete_superseded(now - options.grace));
  // By an old model, data of what came meanwhile would seem to be nobody's.
  if (model_is_current_) {
    M3U_CHECK(refresher_.delete_removed(*model()));
    M3U_CHECK(generator_.delete_removed(*model()));
  }
  M3U_CHECK(store_.edits().prune(now - options.reports_kept));
  return {};
}

void Conductor::forget() {
  made_of_.clear();
  waiting_.clear();
  const std::scoped_lock lock(mutex_);
  asked_.clear();
  failed_.clear();
}

void Conductor::follow(store::Topics topics) {
  const auto has = [&](store::Topic topic) { return topics.test(static_cast<std::size_t>(topic)); };
  const bool settings =
      has(store::Topic::kEntities) || has(store::Topic::kSettings) || has(store::Topic::kEdits);
  if (has(store::Topic::kEdits)) generator_.edits_changed();
  if (settings) {
    // What is not right keeps the old one, and says so.
    const auto loaded = load();
    if (!loaded)
      log::error("config", "what the store says is not valid: {}", to_string(loaded.error()));
    model_is_current_ = loaded.has_value();
  }
  if (settings || has(store::Topic::kSnapshots))
    if (const auto found = find_changed(); !found)
      log::warn("jobs", "changes cannot be followed: {}", to_string(found.error()));
  if (has(store::Topic::kGenerations) && listeners_.generations) listeners_.generations();
  if (has(store::Topic::kJobs) && listeners_.jobs) listeners_.jobs();
  if (listeners_.changes && topics.any()) listeners_.changes(topics);
}

Result<std::optional<store::Time>> Conductor::enqueue_due() {
  M3U_TRY(auto next, refreshes());
  earliest(next, retries());
  earliest(next, generations());
  M3U_CHECK(tidy());
  return next;
}

void Conductor::run() {
  follow(store::all_topics());
  while (!stopping_) {
    const auto next = enqueue_due();
    if (!next) log::warn("jobs", "the schedule cannot be followed: {}", to_string(next.error()));
    milliseconds sleep = kLongestSleep;
    if (!next)
      sleep = kPause;
    else if (*next)
      sleep = std::clamp<milliseconds>(**next - clock_(), milliseconds(1), kLongestSleep);
    auto topics = feed_->wait(sleep);
    if (stopping_) return;
    if (topics) {
      if (restored_.exchange(false)) {
        forget();
        topics->set(static_cast<std::size_t>(store::Topic::kSettings));
      }
      if (reconfigured_.exchange(false))
        topics->set(static_cast<std::size_t>(store::Topic::kSettings));
      follow(*topics);
    } else {
      log::warn("store", "{}", to_string(topics.error()));
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace m3u_proxy::jobs
