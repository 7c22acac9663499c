#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/store/jobs.hpp>
#include <m3u_proxy/store/named_value.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr int kLongestPage = 1000;
constexpr std::string_view kColumns =
    "id, kind, target, dedup_key, priority, state, not_before, created, started, finished,"
    " progress, error, attempts, cancel_requested, lease_owner, lease_epoch, lease_until";

JobState state_of(std::string_view name) {
  return named_value(name,
                     {JobState::kQueued, JobState::kRunning, JobState::kDone, JobState::kCancelled},
                     JobState::kFailed);
}

/// kColumns, with the report behind them where `Report` says so.
enum class Report : std::uint8_t { kNo, kYes };

Job job_of(Columns& columns, Report report) {
  Job job;
  job.id = columns.uuid();
  job.kind = columns.text();
  job.target = columns.text();
  job.dedup_key = columns.text();
  job.priority = static_cast<int>(columns.integer());
  job.state = state_of(columns.view());
  job.not_before = columns.time();
  job.created = columns.time();
  job.started = columns.time();
  job.finished = columns.time();
  job.progress = columns.text();
  job.error = columns.text();
  job.attempts = static_cast<int>(columns.integer());
  job.cancel_requested = columns.boolean();
  job.lease_owner = columns.text();
  job.lease_epoch = columns.integer();
  job.lease_until = columns.time();
  if (report == Report::kYes) job.report = columns.text();
  return job;
}

Job bare_job_of(Columns& columns) { return job_of(columns, Report::kNo); }

Result<Job> load(Connection& connection, const Uuid& id) {
  M3U_TRY(
      auto job,
      sql::query_one(connection, fmt::format("SELECT {}, report FROM jobs WHERE id = $1", kColumns),
                     {id}, [](Columns& columns) { return job_of(columns, Report::kYes); }));
  if (!job) return fail(ErrorCode::kNotFound, fmt::format("there is no job {}", to_string(id)));
  return *std::move(job);
}

std::unexpected<Error> lease_lost(const JobLease& lease) {
  return fail(ErrorCode::kConflict,
              fmt::format("job {} is not this worker's any more", to_string(lease.job)));
}

/// One UPDATE of a job that is held; `assignments` may use $3 and above.
Result<> update_held(sql::Database& database, const JobLease& lease, std::string_view assignments,
                     std::initializer_list<sql::Value> more) {
  std::vector<sql::Value> values = {lease.job, lease.epoch};
  values.insert(values.end(), more);
  const std::string statement = fmt::format(
      "UPDATE jobs SET {} WHERE id = $1 AND lease_epoch = $2 AND state = 'running'", assignments);
  return database.transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t changed,
            connection.run(statement, values, [](const sql::Row&) -> Result<> { return {}; }));
    if (changed == 0) return lease_lost(lease);
    return database.announce(connection, Topic::kJobs);
  });
}

}  // namespace

std::string_view to_string(JobState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"queued", "running", "done", "failed",
                                                             "cancelled"};
  return kNames.at(static_cast<std::size_t>(state));
}

Result<> sql::check_lease(Connection& connection, const JobLease& lease) {
  M3U_TRY(const auto held,
          query_one(connection,
                    fmt::format("SELECT 1 FROM jobs WHERE id = $1 AND lease_epoch = $2"
                                " AND state = 'running'{}",
                                connection.dialect().for_update),
                    {lease.job, lease.epoch}, [](Columns& columns) { return columns.integer(); }));
  if (!held) return lease_lost(lease);
  return {};
}

Result<Jobs::Enqueued> Jobs::enqueue(const NewJob& wanted, Time now) {
  M3U_TRY(const Uuid id, random_id());
  const std::string statement = fmt::format(
      "INSERT INTO jobs (id, kind, target, dedup_key, priority, state, not_before, created,"
      " started, finished, progress, report, error, attempts, cancel_requested, lease_owner,"
      " lease_epoch, lease_until)"
      " VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, 0, 0, '', '', '', 0, 0, '', 0, 0)"
      " ON CONFLICT (dedup_key) WHERE state = 'queued' DO UPDATE SET"
      " priority = CASE WHEN excluded.priority > jobs.priority THEN excluded.priority"
      " ELSE jobs.priority END,"
      " not_before = CASE WHEN excluded.not_before < jobs.not_before THEN excluded.not_before"
      " ELSE jobs.not_before END RETURNING {}",
      kColumns);
  return sql::transact<Enqueued>(
      *database_, Access::kWrite, [&](Connection& connection) -> Result<Enqueued> {
        if (wanted.joins_running) {
          M3U_TRY(auto running,
                  sql::query_one(connection,
                                 fmt::format("SELECT {} FROM jobs WHERE dedup_key = $1 AND"
                                             " state = 'running' AND cancel_requested = 0"
                                             " AND lease_until >= $2",
                                             kColumns),
                                 {wanted.dedup_key, now}, bare_job_of));
          if (running) return Enqueued{.job = *std::move(running), .joined = true};
        }
        M3U_TRY(auto job, sql::query_one(connection, statement,
                                         {id, wanted.kind, wanted.target, wanted.dedup_key,
                                          wanted.priority, wanted.not_before, now},
                                         bare_job_of));
        if (!job) return fail(ErrorCode::kInternal, "a new job has no row");
        M3U_CHECK(database_->announce(connection, Topic::kJobs));
        return Enqueued{.job = *job, .joined = job->id != id};
      });
}

Result<std::optional<Job>> Jobs::claim(const JobClaim& claim) {
  std::vector<sql::Value> values = {claim.owner, claim.now, claim.now + claim.lease};
  const auto listed = [&](std::string_view condition, const auto& texts) {
    std::string list;
    for (const std::string_view text : texts) {
      values.emplace_back(text);
      list += fmt::format("{}${}", list.empty() ? condition : ", ", values.size());
    }
    return list.empty() ? list : list + ')';
  };
  const std::string which =
      listed(" AND kind IN (", claim.kinds) + listed(" AND target NOT IN (", claim.not_of);
  return sql::transact<std::optional<Job>>(
      *database_, Access::kWrite, [&](Connection& connection) -> Result<std::optional<Job>> {
        // Two searches, as each has an index of its own.
        static constexpr std::array<std::string_view, 2> kSearches = {
            "state = 'queued' AND not_before <= $2 AND NOT EXISTS (SELECT 1 FROM jobs other"
            " WHERE other.dedup_key = jobs.dedup_key AND other.state = 'running')",
            "state = 'running' AND lease_until < $2"};
        std::optional<Job> taken;
        for (const std::string_view search : kSearches) {
          const std::string statement = fmt::format(
              "UPDATE jobs SET state = 'running', started = $2, attempts = attempts + 1,"
              " lease_owner = $1, lease_epoch = lease_epoch + 1, lease_until = $3 WHERE id ="
              " (SELECT id FROM jobs WHERE {}{} ORDER BY priority DESC, not_before, created, id"
              " LIMIT 1{}) RETURNING {}",
              search, which, connection.dialect().skip_locked, kColumns);
          M3U_CHECK(connection.run(statement, values, [&](const sql::Row& row) -> Result<> {
            Columns columns(row);
            taken = bare_job_of(columns);
            return {};
          }));
          if (!taken) continue;
          M3U_CHECK(database_->announce(connection, Topic::kJobs));
          break;
        }
        return taken;
      });
}

Result<bool> Jobs::renew(const JobLease& lease, Time until) {
  return sql::transact<bool>(
      *database_, Access::kWrite, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const auto cancel,
                sql::query_one(connection,
                               "UPDATE jobs SET lease_until = $3 WHERE id = $1 AND lease_epoch = $2"
                               " AND state = 'running' RETURNING cancel_requested",
                               {lease.job, lease.epoch, until},
                               [](Columns& columns) { return columns.boolean(); }));
        if (!cancel) return lease_lost(lease);
        return *cancel;
      });
}

Result<> Jobs::report_progress(const JobLease& lease, std::string_view progress) {
  return update_held(*database_, lease, "progress = $3", {progress});
}

Result<> Jobs::finish(const JobLease& lease, const Outcome& outcome, Time now) {
  if (outcome.state == JobState::kQueued || outcome.state == JobState::kRunning)
    return fail(ErrorCode::kInvalidArgument, "a job that ends is done, failed or cancelled");
  if (outcome.report.size() > kLargestReport)
    return fail(ErrorCode::kInvalidArgument, "a job's report is larger than 4 MB");
  return update_held(*database_, lease,
                     "state = $3, report = $4, error = $5, finished = $6, lease_until = 0",
                     {to_string(outcome.state), outcome.report, outcome.error, now});
}

Result<> Jobs::give_back(const JobLease& lease, Time now) {
  return update_held(
      *database_, lease,
      "state = CASE WHEN EXISTS (SELECT 1 FROM jobs other WHERE other.dedup_key = jobs.dedup_key"
      " AND other.state = 'queued') THEN 'cancelled' ELSE 'queued' END,"
      " finished = CASE WHEN EXISTS (SELECT 1 FROM jobs other WHERE other.dedup_key ="
      " jobs.dedup_key AND other.state = 'queued') THEN $3 ELSE 0 END,"
      " started = 0, progress = '', lease_owner = '', lease_until = 0",
      {now});
}

Result<Job> Jobs::cancel(const Uuid& id, Time now) {
  return sql::transact<Job>(*database_, Access::kWrite, [&](Connection& connection) -> Result<Job> {
    M3U_TRY(const std::int64_t changed,
            sql::execute(connection,
                         "UPDATE jobs SET finished = CASE WHEN state = 'queued' THEN $2"
                         " ELSE finished END, cancel_requested = 1,"
                         " state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END"
                         " WHERE id = $1 AND state IN ('queued', 'running')",
                         {id, now}));
    M3U_TRY(Job job, load(connection, id));
    if (changed == 0)
      return fail(ErrorCode::kConflict,
                  fmt::format("job {} is {} already", to_string(id), to_string(job.state)));
    M3U_CHECK(database_->announce(connection, Topic::kJobs));
    return job;
  });
}

Result<Job> Jobs::get(const Uuid& id) {
  return sql::transact<Job>(*database_, Access::kRead,
                            [&](Connection& connection) { return load(connection, id); });
}

Result<std::vector<Job>> Jobs::list(const JobFilter& filter) {
  if (filter.limit < 1 || filter.limit > kLongestPage)
    return fail(ErrorCode::kInvalidArgument, "a page has 1 to 1000 jobs");
  std::vector<sql::Value> values = {filter.limit};
  std::string conditions = "1 = 1";
  const auto add = [&](std::string_view condition, sql::Value value) {
    values.push_back(std::move(value));
    conditions += fmt::format(" AND {} ${}", condition, values.size());
  };
  if (filter.state) add("state =", to_string(*filter.state));
  if (!filter.kind.empty()) add("kind =", filter.kind);
  if (!filter.target.empty()) add("target =", filter.target);
  if (filter.after) {
    add("(created, id) < (SELECT created, id FROM jobs WHERE id =", *filter.after);
    conditions += ')';
  }
  const std::string statement = fmt::format(
      "SELECT {} FROM jobs WHERE {} ORDER BY created DESC, id DESC LIMIT $1", kColumns, conditions);
  return sql::transact<std::vector<Job>>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<std::vector<Job>> {
        std::vector<Job> jobs;
        M3U_CHECK(connection.run(statement, values, [&](const sql::Row& row) -> Result<> {
          Columns columns(row);
          jobs.push_back(bare_job_of(columns));
          return {};
        }));
        return jobs;
      });
}

Result<std::optional<Time>> Jobs::next_time() {
  return sql::transact<std::optional<Time>>(
      *database_, Access::kRead, [](Connection& connection) -> Result<std::optional<Time>> {
        M3U_TRY(const auto times,
                sql::query_all(connection,
                               // What the same one runs before it ends by that one's lease.
                               "SELECT MIN(not_before) FROM jobs WHERE state = 'queued'"
                               " AND NOT EXISTS (SELECT 1 FROM jobs other WHERE"
                               " other.dedup_key = jobs.dedup_key AND other.state = 'running')"
                               " HAVING COUNT(*) > 0 UNION ALL"
                               " SELECT MIN(lease_until) FROM jobs WHERE state = 'running'"
                               " HAVING COUNT(*) > 0",
                               {}, [](Columns& columns) { return columns.time(); }));
        if (times.empty()) return std::optional<Time>();
        return std::optional<Time>(*std::ranges::min_element(times));
      });
}

Result<std::int64_t> Jobs::prune(Time moment) {
  return sql::transact<std::int64_t>(*database_, Access::kWrite, [&](Connection& connection) {
    return sql::execute(connection,
                        "DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled')"
                        " AND finished < $1",
                        {moment});
  });
}

}  // namespace m3u_proxy::store
