#include <algorithm>
#include <condition_variable>

#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/jobs/workers.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Handlers that say when they run, and end when the test lets them or they are cancelled.
class WorkersTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    workers_ = std::make_unique<Workers>(
        *store_, clock(),
        Workers::Options{.owner = "test",
                         .on_end =
                             [this](const store::Job&, const Result<std::string>& result) {
                               const std::scoped_lock lock(mutex_);
                               ++ended_;
                               if (result) ++done_;
                               changed_.notify_all();
                             },
                         .on_rest =
                             [this] {
                               const std::scoped_lock lock(mutex_);
                               ended_at_rest_ = ended_;
                               ++rests_;
                               changed_.notify_all();
                             },
                         .second_look = std::chrono::milliseconds(20)});
  }
  void TearDown() override {
    let_go();
    workers_.reset();
  }
  JobHandler patient() {
    return [this](const JobContext& job) -> Result<std::string> {
      std::unique_lock lock(mutex_);
      ++running_;
      most_ = std::max(most_, running_);
      changed_.notify_all();
      while (!free_ && !job.cancel.cancelled())
        changed_.wait_for(lock, std::chrono::milliseconds(1));
      --running_;
      if (job.cancel.cancelled()) return fail(ErrorCode::kCancelled, "it was cancelled");
      return R"({"done":true})";
    };
  }
  void let_go() {
    const std::scoped_lock lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }
  store::Job ask(const std::string& key, std::string kind = "work", std::string target = "") {
    const store::NewJob wanted{
        .kind = std::move(kind), .target = std::move(target), .dedup_key = key};
    const auto job = must(store_->jobs().enqueue(wanted, now())).job;
    workers_->wake();
    return job;
  }
  template <typename Predicate>
  void until(Predicate predicate) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, seconds(20), predicate));
  }
  [[nodiscard]] store::Job job(const Uuid& id) { return must(store_->jobs().get(id)); }

  std::mutex mutex_;
  std::condition_variable changed_;
  int running_ = 0;
  int most_ = 0;
  int ended_ = 0;  // each time that a job is given back counts too
  int done_ = 0;
  int rests_ = 0;
  int ended_at_rest_ = 0;
  bool free_ = false;
  std::unique_ptr<Workers> workers_;
};

TEST_F(WorkersTest, SaysWhenAllIsDone) {
  workers_->add_lane(2, {{"work", patient()}});
  workers_->start();
  (void)ask("a");
  (void)ask("b");
  until([this] { return running_ == 2; });
  EXPECT_EQ(rests_, 0);
  let_go();
  until([this] { return rests_ != 0; });
  EXPECT_EQ(ended_at_rest_, 2);
  const int first = rests_;
  pass(std::chrono::milliseconds(20));
  until([&] { return rests_ > first; });
}

TEST_F(WorkersTest, AJobIsDoneAndItsReportKept) {
  workers_->add_lane(1, {{"work", patient()}});
  workers_->start();
  let_go();
  const auto asked = ask("a");
  until([this] { return ended_ == 1; });
  EXPECT_EQ(job(asked.id).state, store::JobState::kDone);
  EXPECT_EQ(job(asked.id).report, R"({"done":true})");
}

TEST_F(WorkersTest, ALaneDoesAsManyAtOnceAsItHasThreads) {
  workers_->add_lane(2, {{"work", patient()}});
  workers_->start();
  for (const char* const key : {"a", "b", "c"}) ask(key);
  until([this] { return running_ == 2; });
  EXPECT_EQ(workers_->running().size(), 2U);
  let_go();
  workers_->wake();
  until([this] { return ended_ == 3; });
  EXPECT_EQ(most_, 2);
}

TEST_F(WorkersTest, OneLaneDoesNotWaitForAnother) {
  workers_->add_lane(1, {{"slow", patient()}});
  workers_->add_lane(1, {{"quick", [](const JobContext&) -> Result<std::string> { return "{}"; }}});
  workers_->start();
  ask("a", "slow");
  until([this] { return running_ == 1; });
  ask("b", "quick");
  until([this] { return ended_ == 1; });
}

TEST_F(WorkersTest, WhatWouldWaitForARunningJobTakesNoThread) {
  workers_->add_lane(2,
                     {{"slow", patient()},
                      {"quick", [](const JobContext&) -> Result<std::string> { return "{}"; }}},
                     [](const std::vector<RunningJob>& running) -> std::vector<std::string> {
                       return std::ranges::any_of(
                                  running, [](const auto& one) { return one.job.target == "host"; })
                                  ? std::vector<std::string>{"host"}
                                  : std::vector<std::string>{};
                     });
  workers_->start();
  std::vector<Uuid> slow;
  for (const char* const key : {"a", "b", "c"}) slow.push_back(ask(key, "slow", "host").id);
  until([this] { return running_ == 1; });
  const auto quick = ask("d", "quick");
  until([this] { return ended_ == 1; });
  EXPECT_EQ(job(quick.id).state, store::JobState::kDone);
  EXPECT_EQ(most_, 1);
  let_go();
  until([this] { return ended_ == 4; });
  workers_->stop();
  EXPECT_EQ(most_, 1);
  for (const Uuid& id : slow) EXPECT_EQ(job(id).state, store::JobState::kDone);
}

TEST_F(WorkersTest, ProgressIsKeptOnceASecondAndWhenAStageBegins) {
  std::vector<std::string> kept;
  workers_->add_lane(1, {{"work", [&](const JobContext& context) -> Result<std::string> {
                            const auto tell = [&](std::string stage, std::uint64_t items) {
                              context.progress({.stage = std::move(stage), .items = items});
                              kept.push_back(must(store_->jobs().get(context.job.id)).progress);
                            };
                            tell("download", 1);
                            tell("download", 2);
                            pass(seconds(1));
                            tell("download", 3);
                            tell("episodes", 4);
                            return "{}";
                          }}});
  workers_->start();
  ask("a");
  until([this] { return ended_ == 1; });
  EXPECT_THAT(kept, ElementsAre(HasSubstr(R"("items":1,)"), HasSubstr(R"("items":1,)"),
                                HasSubstr(R"("items":3,)"), HasSubstr(R"("items":4,)")));
}

TEST_F(WorkersTest, WhatIsHeldBackForAStageBeginsWithTheNextOne) {
  bool asks = false;
  bool has_its_reply = false;
  bool second_ran = false;
  const auto set = [&](bool& what) {
    const std::scoped_lock lock(mutex_);
    what = true;
    changed_.notify_all();
  };
  workers_->add_lane(2,
                     {{"work",
                       [&](const JobContext& context) -> Result<std::string> {
                         if (context.job.target == "second") {
                           set(second_ran);
                           return "{}";
                         }
                         context.progress({.stage = "download", .items = 7});
                         set(asks);
                         until([&] { return has_its_reply; });
                         context.progress({.stage = "check"});
                         until([&] { return second_ran; });
                         return "{}";
                       }}},
                     [](const std::vector<RunningJob>& running) {
                       return running.at(0).stage == "check" ? std::vector<std::string>{}
                                                             : std::vector<std::string>{"second"};
                     });
  workers_->start();
  ask("first", "work", "first");
  until([&] { return asks; });
  const auto running = workers_->running();
  ASSERT_EQ(running.size(), 1U);
  EXPECT_EQ(running[0].stage, "download");
  EXPECT_THAT(running[0].job.progress, HasSubstr(R"("items":7,)"));
  const auto second = ask("second", "work", "second");
  EXPECT_EQ(job(second.id).state, store::JobState::kQueued);
  set(has_its_reply);
  until([this] { return ended_ == 2; });
}

TEST_F(WorkersTest, ARunningJobIsCancelled) {
  workers_->add_lane(1, {{"work", patient()}});
  workers_->start();
  const auto asked = ask("a");
  until([this] { return running_ == 1; });
  (void)must(store_->jobs().cancel(asked.id, now()));
  workers_->cancel(asked.id);
  until([this] { return ended_ == 1; });
  EXPECT_EQ(job(asked.id).state, store::JobState::kCancelled);
}

TEST_F(WorkersTest, WhatASignalInterruptsGoesBackIntoTheQueue) {
  workers_->add_lane(1, {{"work", patient()}});
  workers_->start();
  const auto asked = ask("a");
  until([this] { return running_ == 1; });
  workers_->stop();
  EXPECT_EQ(job(asked.id).state, store::JobState::kQueued);
}

TEST_F(WorkersTest, APauseWaitsForWhatRunsAndGivesItBack) {
  workers_->add_lane(2, {{"work", patient()}});
  workers_->start();
  const auto asked = ask("a");
  until([this] { return running_ == 1; });
  workers_->pause();
  EXPECT_TRUE(workers_->running().empty());
  EXPECT_EQ(job(asked.id).state, store::JobState::kQueued);
  const auto other = ask("b");
  EXPECT_EQ(job(other.id).state, store::JobState::kQueued);
  let_go();
  workers_->resume();
  // Who was about to claim as the pause began may have given it back once more.
  until([this] { return done_ == 2; });
  workers_->stop();
  EXPECT_EQ(job(asked.id).state, store::JobState::kDone);
  EXPECT_EQ(job(other.id).state, store::JobState::kDone);
}

TEST_F(WorkersTest, WhatAKilledProcessLeftIsTakenBackWithoutWaiting) {
  must(store_->jobs().enqueue({.kind = "work", .dedup_key = "a"}, now()));
  const auto left =
      must(store_->jobs().claim({.owner = "dead", .now = now(), .lease = seconds(30)}));
  ASSERT_TRUE(left);
  workers_->add_lane(1, {{"work", patient()}});
  must(workers_->take_back());
  workers_->start();
  let_go();
  until([this] { return ended_ == 1; });
  EXPECT_EQ(job(left->id).state, store::JobState::kDone);
}

TEST_F(WorkersTest, AFailureIsKeptWithoutSecrets) {
  workers_->add_lane(1, {{"work", [](const JobContext&) -> Result<std::string> {
                            return fail(ErrorCode::kNetwork,
                                        "http://user:hunter2@example.org/x does not answer");
                          }}});
  workers_->start();
  const auto asked = ask("a");
  until([this] { return ended_ == 1; });
  EXPECT_EQ(job(asked.id).state, store::JobState::kFailed);
  EXPECT_THAT(job(asked.id).error, HasSubstr("does not answer"));
  EXPECT_THAT(job(asked.id).error, ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(WorkersTest, RefusedMemoryFailsTheJobAndNotTheProcess) {
  workers_->add_lane(
      1, {{"work", [](const JobContext&) -> Result<std::string> {
             throw memory::OverBudget({.code = ErrorCode::kOverBudget, .message = "no room"});
           }}});
  workers_->start();
  const auto asked = ask("a");
  until([this] { return ended_ == 1; });
  EXPECT_THAT(job(asked.id).error, HasSubstr("no room"));
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
