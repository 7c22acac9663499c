#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobsTest : public StoreTest {
 protected:
  Job enqueue(const std::string& key, int priority = 0, Time not_before = at(0), Time now = at(0)) {
    return must(store().jobs().enqueue({.kind = "refresh",
                                        .target = "t-" + key,
                                        .dedup_key = key,
                                        .priority = priority,
                                        .not_before = not_before},
                                       now))
        .job;
  }
  std::optional<Job> claim(Time now, const std::string& owner = "me") {
    return must(
        store().jobs().claim({.owner = owner, .now = now, .lease = std::chrono::seconds(30)}));
  }
  std::string claimed_key(Time now) {
    const auto job = claim(now);
    return job ? job->dedup_key : "";
  }
};
M3U_ON_BOTH_ENGINES(JobsTest);

JobLease lease_of(const Job& job) { return {.job = job.id, .epoch = job.lease_epoch}; }

TEST_P(JobsTest, HighestPriorityGoesFirstThenTheEarliest) {
  enqueue("late", 1, at(2));
  enqueue("early", 1, at(1));
  enqueue("click", 9, at(3));
  enqueue("future", 99, at(100));
  EXPECT_EQ(claimed_key(at(5)), "click");
  EXPECT_EQ(claimed_key(at(5)), "early");
  EXPECT_EQ(claimed_key(at(5)), "late");
  EXPECT_EQ(claimed_key(at(5)), "");
  EXPECT_EQ(claimed_key(at(100)), "future");
}

TEST_P(JobsTest, SecondOneThatDoesTheSameJoinsTheFirstAndHurriesIt) {
  const Job first = enqueue("a", 1, at(50));
  const auto second = must(store().jobs().enqueue(
      {.kind = "refresh", .dedup_key = "a", .priority = 5, .not_before = at(20)}, at(1)));
  EXPECT_TRUE(second.joined);
  EXPECT_EQ(second.job.id, first.id);
  EXPECT_EQ(second.job.priority, 5);
  EXPECT_EQ(second.job.not_before, at(20));
  ASSERT_TRUE(claim(at(20)).has_value());
  // What runs may have looked already: the next request waits for a run of its own.
  EXPECT_FALSE(must(store().jobs().enqueue({.kind = "refresh", .dedup_key = "a"}, at(21))).joined);
}

TEST_P(JobsTest, TwoThatDoTheSameNeverRunAtOnce) {
  enqueue("a");
  const Job running = *claim(at(1));
  enqueue("a");
  EXPECT_EQ(claimed_key(at(2)), "");
  enqueue("b");
  EXPECT_EQ(claimed_key(at(2)), "b");
  must(store().jobs().finish(lease_of(running), {}, at(3)));
  EXPECT_EQ(claimed_key(at(3)), "a");
}

TEST_P(JobsTest, JoinsTheOneThatRunsWhereThatIsAsGood) {
  enqueue("a");
  const Job running = *claim(at(1));
  const NewJob same{.kind = "refresh", .dedup_key = "a", .joins_running = true};
  const auto joined = must(store().jobs().enqueue(same, at(2)));
  EXPECT_TRUE(joined.joined);
  EXPECT_EQ(joined.job.id, running.id);
  EXPECT_EQ(claimed_key(at(2)), "");
  // One that is to end, or whose worker is gone, is none to wait for.
  EXPECT_FALSE(must(store().jobs().enqueue(same, at(100))).joined);
}

TEST_P(JobsTest, WorkerTakesOnlyItsKinds) {
  must(store().jobs().enqueue({.kind = "generate", .dedup_key = "g", .priority = 9}, at(0)));
  must(store().jobs().enqueue({.kind = "refresh", .dedup_key = "r"}, at(0)));
  static constexpr std::array<std::string_view, 2> kKinds = {"refresh", "upload"};
  const JobClaim wish{.owner = "me", .kinds = kKinds, .now = at(1), .lease = Duration(1000)};
  EXPECT_EQ(must(store().jobs().claim(wish))->dedup_key, "r");
  EXPECT_FALSE(must(store().jobs().claim(wish)).has_value());
}

TEST_P(JobsTest, WorkerLeavesTheTargetsThatItNames) {
  enqueue("a", 9);
  enqueue("b", 5);
  enqueue("c", 1);
  static constexpr std::array<std::string_view, 1> kKinds = {"refresh"};
  const std::array<std::string, 2> held = {"t-a", "t-b"};
  JobClaim wish{.owner = "me", .kinds = kKinds, .now = at(1), .lease = Duration(1000)};
  wish.not_of = held;
  EXPECT_EQ(must(store().jobs().claim(wish))->dedup_key, "c");
  EXPECT_FALSE(must(store().jobs().claim(wish)).has_value());
  wish.not_of = {};
  EXPECT_EQ(must(store().jobs().claim(wish))->dedup_key, "a");
}

TEST_P(JobsTest, FinishedOneKeepsItsReport) {
  enqueue("a");
  const Job job = *claim(at(1));
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.started, at(1));
  EXPECT_EQ(job.attempts, 1);
  must(store().jobs().report_progress(lease_of(job), R"({"items":5})"));
  EXPECT_EQ(must(store().jobs().get(job.id)).progress, R"({"items":5})");
  must(store().jobs().finish(lease_of(job),
                             {.state = JobState::kFailed, .report = "{}", .error = "no"}, at(9)));
  const Job done = must(store().jobs().get(job.id));
  EXPECT_EQ(done.state, JobState::kFailed);
  EXPECT_EQ(done.report, "{}");
  EXPECT_EQ(done.error, "no");
  EXPECT_EQ(done.finished, at(9));
  EXPECT_EQ(code_of(store().jobs().finish(lease_of(job), {}, at(10))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().jobs().finish(lease_of(job), {.state = JobState::kQueued}, at(10))),
            ErrorCode::kInvalidArgument);
}

TEST_P(JobsTest, LeaseThatEndedGoesToAnotherAndTheFirstWorkerIsCutOff) {
  enqueue("a");
  const Job first = *claim(at(0), "one");
  EXPECT_FALSE(claim(at(30), "two").has_value());
  EXPECT_FALSE(must(store().jobs().renew(lease_of(first), at(60))));
  EXPECT_FALSE(claim(at(59), "two").has_value());
  const auto second = claim(at(61), "two");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->id, first.id);
  EXPECT_EQ(second->attempts, 2);
  EXPECT_EQ(second->lease_owner, "two");
  for (const Result<>& late : {store().jobs().report_progress(lease_of(first), "{}"),
                               store().jobs().finish(lease_of(first), {}, at(62)),
                               store().jobs().give_back(lease_of(first), at(62))})
    EXPECT_EQ(code_of(late), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().jobs().renew(lease_of(first), at(99))), ErrorCode::kConflict);
  must(store().jobs().finish(lease_of(*second), {}, at(63)));
}

TEST_P(JobsTest, CancelEndsAWaitingOneAndAsksARunningOne) {
  const Job waiting = enqueue("w");
  EXPECT_EQ(must(store().jobs().cancel(waiting.id, at(1))).state, JobState::kCancelled);
  EXPECT_EQ(code_of(store().jobs().cancel(waiting.id, at(2))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().jobs().cancel(id(9), at(2))), ErrorCode::kNotFound);
  enqueue("r");
  const Job running = *claim(at(3));
  EXPECT_EQ(must(store().jobs().cancel(running.id, at(4))).state, JobState::kRunning);
  EXPECT_TRUE(must(store().jobs().renew(lease_of(running), at(60))));
}

TEST_P(JobsTest, GivenBackOneWaitsAgainUnlessItsLikeDoes) {
  enqueue("a");
  const Job job = *claim(at(0));
  must(store().jobs().give_back(lease_of(job), at(1)));
  EXPECT_EQ(must(store().jobs().get(job.id)).state, JobState::kQueued);
  const Job again = *claim(at(2));
  EXPECT_EQ(again.id, job.id);
  enqueue("a");
  must(store().jobs().give_back(lease_of(again), at(3)));
  EXPECT_EQ(must(store().jobs().get(job.id)).state, JobState::kCancelled);
}

TEST_P(JobsTest, ListIsNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) enqueue("k" + std::to_string(i), 0, at(0), at(i));
  std::vector<std::string> keys;
  JobFilter filter{.limit = 2};
  for (;;) {
    const auto page = must(store().jobs().list(filter));
    if (page.empty()) break;
    for (const Job& job : page) keys.push_back(job.dedup_key);
    filter.after = page.back().id;
  }
  EXPECT_THAT(keys, ElementsAre("k4", "k3", "k2", "k1", "k0"));
  claim(at(9));
  EXPECT_EQ(must(store().jobs().list({.state = JobState::kRunning})).size(), 1);
  EXPECT_EQ(must(store().jobs().list({.kind = "refresh", .target = "t-k3"})).size(), 1);
  EXPECT_EQ(code_of(store().jobs().list({.limit = 0})), ErrorCode::kInvalidArgument);
}

TEST_P(JobsTest, NextTimeIsThatOfTheEarliestJobOrLease) {
  EXPECT_EQ(must(store().jobs().next_time()), std::nullopt);
  enqueue("a", 0, at(100));
  EXPECT_EQ(must(store().jobs().next_time()), at(100));
  enqueue("b", 0, at(5));
  claim(at(5));
  EXPECT_EQ(must(store().jobs().next_time()), at(35));
  enqueue("b", 0, at(1));
  EXPECT_EQ(must(store().jobs().next_time()), at(35)) << "one that waits for the lease";
}

TEST_P(JobsTest, OldReportsAreForgottenAndOnlyThose) {
  enqueue("old");
  must(store().jobs().finish(lease_of(*claim(at(0))), {}, at(10)));
  enqueue("new");
  must(store().jobs().finish(lease_of(*claim(at(11))), {}, at(20)));
  enqueue("waiting");
  EXPECT_EQ(must(store().jobs().prune(at(20))), 1);
  EXPECT_EQ(must(store().jobs().list({})).size(), 2);
}

TEST_P(JobsTest, TwoStoresFightForJobsAndNoneIsDoubledOrLost) {
  constexpr int kJobs = 120;
  for (int i = 0; i < kJobs; ++i) enqueue(std::to_string(i));
  const auto other = open();
  std::mutex mutex;
  std::multiset<std::string> taken;
  const auto work = [&](Store& mine, const std::string& owner) {
    for (;;) {
      const auto job = must(
          mine.jobs().claim({.owner = owner, .now = at(1), .lease = std::chrono::seconds(30)}));
      if (!job) return;
      {
        const std::scoped_lock lock(mutex);
        taken.insert(job->dedup_key);
      }
      must(mine.jobs().finish(lease_of(*job), {}, at(2)));
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 2; ++i) {
      workers.emplace_back([&] { work(store(), "one"); });
      workers.emplace_back([&] { work(*other, "two"); });
    }
  }
  EXPECT_EQ(taken.size(), kJobs);
  EXPECT_EQ(std::set(taken.begin(), taken.end()).size(), kJobs);
  EXPECT_THAT(must(store().jobs().list({.state = JobState::kQueued})), IsEmpty());
}

TEST_P(JobsTest, ManyThatAskForTheSameGetOneJob) {
  const auto other = open();
  store();
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < 4; ++i)
      askers.emplace_back([&, i] {
        Store& mine = i % 2 == 0 ? store() : *other;
        for (int n = 0; n < 20; ++n)
          if (!must(mine.jobs().enqueue({.kind = "k", .dedup_key = "same"}, at(0))).joined) ++made;
      });
  }
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace m3u_proxy::store::testing
