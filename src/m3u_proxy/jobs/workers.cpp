#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/jobs/workers.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::chrono::seconds kBetweenProgress{1};
/// After an error of the store itself.
constexpr std::chrono::seconds kPause{2};
/// More than a process runs at once.
constexpr int kMostLeft = 1000;
/// Of what is held back; others wait for their turn on a thread.
constexpr std::size_t kMostHeldBack = 10'000;

}  // namespace

Clock system_clock() {
  return [] {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  };
}

std::string to_json(const JobProgress& progress) {
  std::string text;
  JsonWriter(text)
      .begin_object()
      .member("stage", std::string_view(progress.stage))
      .member("items", progress.items)
      .member("items_total", progress.items_total)
      .member("done", progress.done)
      .member("total", progress.total)
      .end_object();
  return text;
}

Workers::Workers(store::Store& store, Clock clock, Options options)
    : store_(store), clock_(std::move(clock)), options_(std::move(options)) {}

Workers::~Workers() { stop(); }

void Workers::add_lane(unsigned threads, std::map<std::string, JobHandler> handlers,
                       HeldBack held_back) {
  auto lane = std::make_unique<Lane>();
  lane->handlers = std::move(handlers);
  lane->held_back = std::move(held_back);
  for (const auto& [kind, handler] : lane->handlers) lane->kinds.push_back(kind);
  lane->size = threads;
  lanes_.push_back(std::move(lane));
}

Result<> Workers::take_back() {
  M3U_TRY(const auto left,
          store_.jobs().list({.state = store::JobState::kRunning, .limit = kMostLeft}));
  for (const store::Job& job : left)
    M3U_CHECK(store_.jobs().give_back({.job = job.id, .epoch = job.lease_epoch}, clock_()));
  return {};
}

void Workers::start() {
  for (const auto& lane : lanes_)
    for (unsigned i = 0; i < lane->size; ++i)
      lane->threads.emplace_back([this, &lane = *lane] { work(lane); });
  keeper_ = std::thread([this] { keep_leases(); });
}

void Workers::wake() {
  {
    const std::scoped_lock lock(mutex_);
    ++wakes_;
  }
  changed_.notify_all();
}

void Workers::begin_to_stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, running] : running_) running->cancel.cancel();
  }
  changed_.notify_all();
}

void Workers::stop() {
  begin_to_stop();
  for (const auto& lane : lanes_)
    for (std::thread& thread : lane->threads)
      if (thread.joinable()) thread.join();
  lease_changed_.notify_all();
  if (keeper_.joinable()) keeper_.join();
}

void Workers::cancel(const Uuid& job) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = running_.find(job); found != running_.end())
    found->second->cancel.cancel();
}

std::vector<RunningJob> Workers::running() const {
  const std::scoped_lock lock(mutex_);
  std::vector<RunningJob> jobs;
  for (const auto& [id, running] : running_)
    jobs.push_back({.job = running->job, .stage = running->stage});
  return jobs;
}

void Workers::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  for (const auto& [id, running] : running_) running->cancel.cancel();
  changed_.wait(lock, [&] { return claiming_ == 0; });
}

void Workers::resume() {
  {
    const std::scoped_lock lock(mutex_);
    paused_ = false;
  }
  changed_.notify_all();
}

bool Workers::may_claim(std::uint64_t& wakes, bool& others_work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || !paused_; });
  if (stopping_) return false;
  wakes = wakes_;
  others_work = !running_.empty();
  ++claiming_;
  return true;
}

void Workers::claim_ended() {
  {
    const std::scoped_lock lock(mutex_);
    --claiming_;
  }
  changed_.notify_all();
}

void Workers::rest() const {
  if (options_.on_rest) options_.on_rest();
}

Result<std::shared_ptr<Workers::Running>> Workers::take(Lane& lane) {
  std::unique_lock claiming(lane.claiming, std::defer_lock);
  std::vector<std::string> held;
  if (lane.held_back) {
    claiming.lock();
    std::vector<RunningJob> busy;
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [id, running] : running_)
        if (&running->lane == &lane) busy.push_back({.job = running->job, .stage = running->stage});
    }
    if (!busy.empty()) held = lane.held_back(busy);
    if (held.size() > kMostHeldBack) held.resize(kMostHeldBack);
  }
  M3U_TRY(auto claimed, store_.jobs().claim({.owner = options_.owner,
                                             .kinds = lane.kinds,
                                             .now = clock_(),
                                             .lease = options_.lease,
                                             .not_of = held}));
  if (!claimed) return nullptr;
  const auto running = std::make_shared<Running>(lane, *std::move(claimed));
  running->renew_at = clock_() + options_.lease / 3;
  const std::scoped_lock lock(mutex_);
  running_.emplace(running->job.id, running);
  if (stopping_ || paused_) running->cancel.cancel();
  return running;
}

void Workers::work(Lane& lane) {
  bool worked = false;
  std::optional<store::Time> look_again;
  std::uint64_t wakes = 0;
  bool others_work = false;
  while (may_claim(wakes, others_work)) {
    const auto taken = take(lane);
    if (taken)
      queue_.worked();
    else
      queue_.failed(taken.error());
    if (taken && *taken) {
      run(*taken);
      claim_ended();
      worked = true;
      continue;
    }
    claim_ended();
    if (worked && !others_work) {
      look_again = clock_() + options_.second_look;
      rest();
    } else if (look_again && clock_() >= *look_again) {
      rest();
      look_again.reset();
    }
    worked = false;
    std::optional<store::Time> next;
    if (!taken) {
      next = clock_() + kPause;
    } else if (const auto time = store_.jobs().next_time(); time) {
      next = *time;
    } else {
      next = clock_() + kPause;
    }
    if (look_again && (!next || *look_again < *next)) next = look_again;
    if (look_again && *look_again <= clock_()) continue;
    std::unique_lock lock(mutex_);
    const auto is_over = [&] { return stopping_ || wakes_ != wakes; };
    // What may run now and is not of this lane is another one's. Meanwhile the lease of a job that
    // a dead process ran may end.
    if (next)
      changed_.wait_for(lock, *next > clock_() ? *next - clock_() : options_.lease, is_over);
    else
      changed_.wait(lock, is_over);
  }
}

void Workers::save_progress(Running& running, const store::JobLease& lease,
                            const JobProgress& progress, store::Time& saved) {
  const store::Time now = clock_();
  const bool another_stage = progress.stage != running.stage;
  if (now - saved < kBetweenProgress && !another_stage) return;
  saved = now;
  const std::string text = to_json(progress);
  {
    const std::scoped_lock lock(mutex_);
    running.stage = progress.stage;
    running.job.progress = text;
  }
  if (const auto done = store_.jobs().report_progress(lease, text); !done)
    log::debug("jobs", "progress is not kept: {}", to_string(done.error()));
  // What was held back for the stage before may run now.
  if (another_stage && running.lane.held_back) wake();
}

void Workers::run(const std::shared_ptr<Running>& running) {
  const store::Job& job = running->job;
  const store::JobLease lease{.job = job.id, .epoch = job.lease_epoch};
  lease_changed_.notify_all();
  store::Time saved{};
  const auto handler = running->lane.handlers.find(job.kind);
  auto result = memory::guarded([&] {
    return handler->second({.job = job,
                            .lease = lease,
                            .cancel = running->cancel,
                            .progress = [&](const JobProgress& progress) {
                              save_progress(*running, lease, progress, saved);
                            }});
  });
  end(job, lease, std::move(result));
  {
    const std::scoped_lock lock(mutex_);
    running_.erase(job.id);
  }
  lease_changed_.notify_all();
}

void Workers::end(const store::Job& job, const store::JobLease& lease, Result<std::string> result) {
  bool stopping = false;
  {
    const std::scoped_lock lock(mutex_);
    stopping = stopping_ || paused_;
  }
  const bool cancelled = !result && result.error().code == ErrorCode::kCancelled;
  Result<> kept;
  if (cancelled && stopping) {
    kept = store_.jobs().give_back(lease, clock_());
  } else {
    store::Jobs::Outcome outcome;
    if (result) {
      outcome.report = *result;
    } else {
      outcome.state = cancelled ? store::JobState::kCancelled : store::JobState::kFailed;
      outcome.error = redact_urls_in(to_string(result.error()));
    }
    kept = store_.jobs().finish(lease, outcome, clock_());
  }
  if (!kept) log::warn("jobs", "how {} ended is not kept: {}", job.kind, to_string(kept.error()));
  if (options_.on_end) options_.on_end(job, result);
}

/// Renews the leases of what runs, and asks those to stop that are cancelled or were lost.
void Workers::keep_leases() {
  std::unique_lock lock(mutex_);
  while (!stopping_ || !running_.empty()) {
    if (running_.empty()) {
      lease_changed_.wait(lock, [this] { return stopping_ || !running_.empty(); });
      continue;
    }
    const auto next = std::ranges::min_element(
        running_, {}, [](const auto& entry) { return entry.second->renew_at; });
    const std::shared_ptr<Running> running = next->second;
    if (const store::Time now = clock_(); running->renew_at > now) {
      lease_changed_.wait_for(lock, running->renew_at - now);
      continue;
    }
    running->renew_at = clock_() + options_.lease / 3;
    const store::JobLease lease{.job = running->job.id, .epoch = running->job.lease_epoch};
    lock.unlock();
    const auto cancelled = store_.jobs().renew(lease, clock_() + options_.lease);
    lock.lock();
    if (cancelled && !*cancelled) continue;
    const bool lost = !cancelled && cancelled.error().code == ErrorCode::kConflict;
    if ((cancelled && *cancelled) || lost) running->cancel.cancel();
  }
}

}  // namespace m3u_proxy::jobs
