// Workers: threads that take jobs out of the store's queue and do them.
//
// Each kind of job has a handler and belongs to a lane; a lane has its own threads, so that
// downloads go side by side while generations go one after another. A job that would only wait for
// another one of its lane stays in the queue and leaves the thread to others. A job that runs is
// held by a lease that is renewed while it runs, so another process takes over what a dead one
// left. Without jobs no thread wakes up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/outage.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// The time, as those who ask for it are given it: tests have one that does not move by itself.
using Clock = std::function<store::Time()>;
Clock system_clock();

/// How far a job is.
struct JobProgress {
  std::string stage;
  std::uint64_t items = 0;
  std::uint64_t items_total = 0;  ///< 0: not known
  std::uint64_t done = 0;         ///< bytes
  std::uint64_t total = 0;        ///< bytes; 0: not known
};
std::string to_json(const JobProgress& progress);

/// What a handler gets.
struct JobContext {
  const store::Job& job;
  store::JobLease lease{};
  const CancelToken& cancel;
  /// Keeps how far it is, once a second and when a stage begins; from one thread at a time.
  std::function<void(const JobProgress&)> progress;
};
/// Does a job; its report is JSON. An error fails the job; kCancelled ends it as cancelled, or,
/// when the workers stop, gives it back to the queue.
using JobHandler = std::function<Result<std::string>(const JobContext&)>;
/// A job that runs here.
struct RunningJob {
  store::Job job;     ///< with its progress of a second ago at most
  std::string stage;  ///< it is at this one; empty until it has said so
};
/// The targets of which no job is begun while these ones run.
using HeldBack = std::function<std::vector<std::string>(const std::vector<RunningJob>& running)>;

class Workers {
 public:
  struct Options {
    std::string owner;  ///< of the leases: this process
    std::chrono::milliseconds lease{30'000};
    /// Told of each job that ended; may be empty. Called on the worker's thread.
    std::function<void(const store::Job&, const Result<std::string>&)> on_end{};
    /// Told when the last job under way has ended and none waits that may run now, and again
    /// after `second_look`; may be empty. Called on a worker's thread.
    std::function<void()> on_rest{};
    std::chrono::milliseconds second_look{5'000};
  };
  /// `store` outlives this.
  Workers(store::Store& store, Clock clock, Options options);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// A lane of `threads` that does these kinds; `held_back` is asked, on their threads, before a
  /// job is taken, and told what the lane does; may be empty. Before start().
  void add_lane(unsigned threads, std::map<std::string, JobHandler> handlers,
                HeldBack held_back = {});
  /// Puts back into the queue what a process that was killed left running, without waiting for its
  /// leases: only where no other process can work on this store. Before start().
  Result<> take_back();
  void start();
  /// The queue has changed: a free worker looks at it.
  void wake();
  /// Asks running jobs to stop, waits for them, and gives back what did not finish. A job that
  /// does not stop is waited for.
  void stop();
  /// The beginning of stop(): jobs are asked to end, and what ends from now on is given back.
  void begin_to_stop();
  /// Asks running jobs to stop, waits for them, gives back what did not finish, and begins no other
  /// until resume(). From one thread at a time, which is none of the workers'.
  void pause();
  void resume();
  /// Asks a running job of this process to stop; the store knows that it is to be cancelled.
  void cancel(const Uuid& job);
  /// Jobs that run here now.
  [[nodiscard]] std::vector<RunningJob> running() const;

 private:
  struct Lane {
    std::map<std::string, JobHandler> handlers;
    HeldBack held_back;
    std::vector<std::string_view> kinds;
    std::vector<std::thread> threads;
    unsigned size = 1;
    std::mutex claiming;  ///< where something is held back: each sees what the others took
  };
  struct Running {
    const Lane& lane;
    store::Job job;
    CancelToken cancel;
    store::Time renew_at{};
    std::string stage{};
  };

  void work(Lane& lane);
  /// Waits while there is a pause; false: they stop. `wakes`: how often the queue had changed.
  bool may_claim(std::uint64_t& wakes, bool& others_work);
  void claim_ended();
  void rest() const;
  /// The next job of the lane, which runs from then on; nullptr: none may.
  Result<std::shared_ptr<Running>> take(Lane& lane);
  void run(const std::shared_ptr<Running>& running);
  void end(const store::Job& job, const store::JobLease& lease, Result<std::string> result);
  void keep_leases();
  void save_progress(Running& running, const store::JobLease& lease, const JobProgress& progress,
                     store::Time& saved);

  store::Store& store_;
  Clock clock_;
  Options options_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;        // the queue, or what runs
  std::condition_variable lease_changed_;  // for the keeper of leases
  std::uint64_t wakes_ = 0;
  bool stopping_ = false;
  bool paused_ = false;
  std::size_t claiming_ = 0;  ///< workers that look for a job or have one
  std::map<Uuid, std::shared_ptr<Running>> running_;
  std::thread keeper_;
  log::Outage queue_{"jobs", "the queue cannot be read", "the queue is read again"};
};

}  // namespace m3u_proxy::jobs
