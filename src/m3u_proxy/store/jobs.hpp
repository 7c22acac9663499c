// Jobs: the queue of what is to be done, and the record of what was.
//
// A job is claimed with a lease that its worker renews. Each claim counts the job's epoch up, and
// everything a worker writes names it: a worker that was cut off can't change what another has
// taken over. The claimer needs a clock that differs by less than the lease.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

enum class JobState : std::uint8_t { kQueued, kRunning, kDone, kFailed, kCancelled };
/// "queued", "running", "done", "failed", "cancelled".
std::string_view to_string(JobState state);

struct NewJob {
  std::string kind{};    ///< "refresh", "generate" …
  std::string target{};  ///< the id of what it is about
  /// What it does: a second one waiting with the same key is the first, and two with one key never
  /// run at once.
  std::string dedup_key{};
  bool joins_running = false;  ///< one that runs already is as good
  int priority = 0;            ///< higher goes first
  Time not_before{};
};

struct Job {
  Uuid id{};
  std::string kind{};
  std::string target{};
  std::string dedup_key{};
  int priority = 0;
  JobState state = JobState::kQueued;
  Time not_before{};
  Time created{};
  Time started{};  ///< of the last attempt
  Time finished{};
  std::string progress{};  ///< JSON
  std::string report{};    ///< JSON
  std::string error{};
  int attempts = 0;
  bool cancel_requested = false;
  std::string lease_owner{};
  std::int64_t lease_epoch = 0;
  Time lease_until{};
};

/// What a worker holds of the job it runs.
struct JobLease {
  Uuid job{};
  std::int64_t epoch = 0;
};

/// Which jobs a worker may take now.
struct JobClaim {
  std::string owner{};
  std::span<const std::string_view> kinds{};  ///< empty: any
  Time now{};
  Duration lease{};
  std::span<const std::string> not_of{};  ///< targets whose jobs wait; at most 10 000
};

struct JobFilter {
  std::optional<JobState> state{};
  std::string kind{};    ///< empty: any
  std::string target{};  ///< empty: any
  /// Only what comes after this one in the list: the last of the page before.
  std::optional<Uuid> after{};
  int limit = 100;  ///< 1 to 1000
};

/// Thread-safe. Beside the errors below every function has those of the database.
class Jobs {
 public:
  static constexpr std::size_t kLargestReport = std::size_t{4} << 20U;

  explicit Jobs(sql::Database& database) : database_(&database) {}

  struct Enqueued {
    Job job{};
    /// There was one waiting, which has the higher priority and earlier time, or one running.
    bool joined = false;
  };
  Result<Enqueued> enqueue(const NewJob& job, Time now);

  /// Takes the next job that may run: the highest priority, then the earliest, and none that does
  /// the same as one that runs. A running one whose lease is over is taken again. Over any number
  /// of processes each goes to one. nullopt: none.
  Result<std::optional<Job>> claim(const JobClaim& claim);
  /// Holds the job until `until`; whether it is to be cancelled. Error: kConflict, when the lease
  /// was lost: stop, and publish nothing.
  Result<bool> renew(const JobLease& lease, Time until);
  /// Error: kConflict as above.
  Result<> report_progress(const JobLease& lease, std::string_view progress);

  struct Outcome {
    JobState state = JobState::kDone;  ///< done, failed or cancelled
    std::string report{};
    std::string error{};
  };
  /// Errors: kConflict as above; kInvalidArgument (no end state, a report over kLargestReport).
  Result<> finish(const JobLease& lease, const Outcome& outcome, Time now);
  /// Gives the job back to the queue, as at a shutdown. When one with the same key waits there
  /// already, this one is cancelled instead. Error: kConflict as above.
  Result<> give_back(const JobLease& lease, Time now);

  /// A waiting one is cancelled, a running one asked to stop; the job as it is then.
  /// Errors: kNotFound; kConflict (it is over).
  Result<Job> cancel(const Uuid& id, Time now);
  /// Error: kNotFound.
  Result<Job> get(const Uuid& id);
  /// Newest first, without reports. Error: kInvalidArgument (limit).
  Result<std::vector<Job>> list(const JobFilter& filter);
  /// When the next waiting job may run or a lease ends; nullopt: never.
  Result<std::optional<Time>> next_time();
  /// Forgets the jobs that ended before `moment`; how many.
  Result<std::int64_t> prune(Time moment);

 private:
  sql::Database* database_;
};

namespace sql {
/// Within a transaction: error kConflict unless the lease is still held; it stays so until the end.
Result<> check_lease(Connection& connection, const JobLease& lease);
}  // namespace sql

}  // namespace m3u_proxy::store
