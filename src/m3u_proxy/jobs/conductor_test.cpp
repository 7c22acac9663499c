#include <condition_variable>

#include <m3u_proxy/jobs/jobs_testing.hpp>
#include <m3u_proxy/store/sqlite/sqlite_library.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class ConductorTest : public JobsTest {
 protected:
  void SetUp() override {
    JobsTest::SetUp();
    write("tv.m3u", playlist({"A", "B", "C"}));
    add_home();
  }
  void TearDown() override { conductor_.reset(); }

  void start() {
    conductor_ = std::make_unique<Conductor>(
        *store_, config::Configuration(), *refresher_, *generator_, clock(), options_,
        Conductor::Listeners{
            .model = {}, .generations = {}, .jobs = {}, .changes = [this](store::Topics) {
              const std::scoped_lock lock(mutex_);
              ++looks_;
              changed_.notify_all();
            }});
    must(conductor_->start());
    settle();
  }
  /// Until it has looked at everything that is due now.
  void settle() {
    // It looks, and then asks for what is due: the third look comes after that.
    for (int i = 0; i < 3; ++i) {
      std::unique_lock lock(mutex_);
      const int before = looks_;
      lock.unlock();
      conductor_->configure({}, options_);
      lock.lock();
      ASSERT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return looks_ > before; }));
    }
  }
  /// Until it has looked at what is due now, without a change of what it follows.
  void look_around() {
    for (int i = 0; i < 3; ++i) {
      std::unique_lock lock(mutex_);
      const int before = looks_;
      lock.unlock();
      const auto other =
          must(store_->jobs().enqueue({.kind = "other", .dedup_key = "other"}, now()));
      (void)must(store_->jobs().cancel(other.job.id, now()));
      lock.lock();
      ASSERT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return looks_ > before; }));
    }
  }
  void pass_and_look(std::chrono::milliseconds time) {
    pass(time);
    look_around();
  }
  /// Changes the database behind the store's back.
  void sql(const char* statement) {
    const auto* const library = must(store::sqlite::sqlite_library());
    sqlite3* database = nullptr;
    ASSERT_EQ(library->sqlite3_open_v2(file("m3u-proxy.sqlite").c_str(), &database,
                                       SQLITE_OPEN_READWRITE, nullptr),
              SQLITE_OK);
    EXPECT_EQ(library->sqlite3_exec(database, statement, nullptr, nullptr, nullptr), SQLITE_OK);
    library->sqlite3_close_v2(database);
  }
  void pass_and_settle(std::chrono::milliseconds time) {
    pass(time);
    settle();
  }
  /// Does what waits in the queue.
  void do_next() {
    const auto job = must(
        store_->jobs().claim({.owner = "test", .now = now(), .lease = std::chrono::seconds(30)}));
    ASSERT_TRUE(job);
    const JobContext context{.job = *job,
                             .lease = {.job = job->id, .epoch = job->lease_epoch},
                             .cancel = cancel_,
                             .progress = [](const JobProgress&) {}};
    const auto done = job->kind == kRefreshJob ? refresher_->refresh(context, *model())
                                               : generator_->generate(context, *model());
    EXPECT_TRUE(done);
    must(store_->jobs().finish(context.lease, {}, now()));
    settle();
  }

  /// The first generation of all.
  void publish() {
    start();
    do_next();
    do_next();
    EXPECT_THAT(jobs(), UnorderedElementsAre("generate done", "refresh done"));
  }
  /// A change of the proxy.
  void renumber(int first) {
    const auto home = must(store_->entities().get(proxy()));
    must(store_->entities().put(
        home.id,
        {.name = {},
         .body = fmt::format(R"({{"sources":["tv"],"starting_channel_number":{}}})", first)},
        home.revision, now()));
    settle();
  }

  Conductor::Options options_{.refreshes = {.jitter = seconds(0), .refresh = "1h"}};
  std::mutex mutex_;
  std::condition_variable changed_;
  int looks_ = 0;
  std::unique_ptr<Conductor> conductor_;
};

TEST_F(ConductorTest, NothingIsGeneratedBeforeSomethingWasFetched) {
  start();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), ElementsAre("refresh queued"));
}

TEST_F(ConductorTest, TheFirstGenerationWaitsForItsSourcesOnly) {
  start();
  EXPECT_THAT(jobs(), ElementsAre("refresh queued"));
  do_next();
  EXPECT_THAT(jobs(), UnorderedElementsAre("generate queued", "refresh done"));
  do_next();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), UnorderedElementsAre("generate done", "refresh done"));
}

TEST_F(ConductorTest, TheFirstGenerationWaitsForASourceThatIsOnItsWayUntilItIsQuiet) {
  write("radio.m3u", playlist({"R"}));
  add(store::EntityKind::kSource, "radio", R"({"path":")" + file("radio.m3u").string() + R"("})");
  const auto home = must(store_->entities().get(proxy()));
  must(store_->entities().put(home.id, {.name = {}, .body = R"({"sources":["tv","radio"]})"},
                              home.revision, now()));
  start();
  do_next();
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(4));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(1));
  EXPECT_THAT(jobs(), Contains("generate queued"));
}

TEST_F(ConductorTest, AChangeIsGeneratedOnceItIsQuiet) {
  publish();
  renumber(2);
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(4));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(1));
  EXPECT_THAT(jobs(), Contains("generate queued"));
}

TEST_F(ConductorTest, AChangeThatNeverGetsQuietIsFollowedAfterAMinute) {
  publish();
  for (int i = 0; i < 15; ++i) {
    EXPECT_THAT(jobs(), Not(Contains("generate queued"))) << i;
    renumber(i + 2);
    pass_and_settle(seconds(4));
  }
  EXPECT_THAT(jobs(), Contains("generate queued"));
}

TEST_F(ConductorTest, AFailedGenerationIsTriedAgainSoonAndThenMoreRarely) {
  publish();
  const Result<std::string> failure = fail(ErrorCode::kDiskFull, "the disk is full");
  conductor_->generation_ended(proxy(), failure);
  pass_and_settle(seconds(29));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(1));
  EXPECT_THAT(jobs(), Contains("generate queued"));
  do_next();
  conductor_->generation_ended(proxy(), failure);
  pass_and_settle(seconds(59));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  pass_and_settle(seconds(1));
  do_next();
  conductor_->generation_ended(proxy(), std::string("{}"));
  pass_and_settle(seconds(3000));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
}

TEST_F(ConductorTest, WhatSomebodyCancelledIsNotTriedAgain) {
  publish();
  conductor_->generation_ended(proxy(), fail(ErrorCode::kCancelled, "the job was cancelled"));
  pass_and_settle(seconds(3000));
  EXPECT_THAT(jobs(), UnorderedElementsAre("generate done", "refresh done"));
}

TEST_F(ConductorTest, ASourceIsFetchedAgainByItsSchedule) {
  start();
  do_next();
  pass_and_settle(seconds(3599));
  EXPECT_THAT(jobs(), Not(Contains("refresh queued")));
  pass_and_settle(seconds(1));
  EXPECT_THAT(jobs(), Contains("refresh queued"));
}

TEST_F(ConductorTest, AFailedRefreshIsTriedAgainSoonAndThenMoreRarely) {
  start();
  must(store_->snapshots().record_failure(source(), "no such host", now()));
  (void)must(store_->jobs().cancel(must(store_->jobs().list({})).front().id, now()));
  pass(seconds(1));
  const auto next = [&] { return **conductor_->next_refresh(*model()->find_source(source())); };
  must(store_->snapshots().record_failure(source(), "no such host", now()));
  EXPECT_EQ(next() - now(), seconds(60));
  for (int i = 0; i < 10; ++i)
    must(store_->snapshots().record_failure(source(), "no such host", now()));
  EXPECT_EQ(next() - now(), seconds(3600));
}

TEST_F(ConductorTest, AFailureThatTheStoreDoesNotKnowIsTriedAgainAsWell) {
  start();
  const auto next = [&] { return **conductor_->next_refresh(*model()->find_source(source())); };
  const Result<std::string> failure = fail(ErrorCode::kUnavailable, "the database is locked");
  conductor_->refresh_ended(source(), failure);
  EXPECT_EQ(next() - now(), seconds(30));
  pass(seconds(30));
  conductor_->refresh_ended(source(), failure);
  EXPECT_EQ(next() - now(), seconds(60));
  must(store_->snapshots().record_failure(source(), "no such host", now()));
  EXPECT_EQ(next() - now(), seconds(60));
  conductor_->refresh_ended(source(), std::string("{}"));
  EXPECT_EQ(next() - now(), seconds(30));
}

TEST_F(ConductorTest, ACancelledRefreshWaitsForItsSchedule) {
  start();
  conductor_->refresh_ended(source(), fail(ErrorCode::kCancelled, "the job was cancelled"));
  EXPECT_EQ(**conductor_->next_refresh(*model()->find_source(source())) - now(), seconds(3600));
}

TEST_F(ConductorTest, ASourceWhoseScheduleCannotBeReadKeepsNothingFromItsWork) {
  add(store::EntityKind::kSource, "odd",
      R"({"path":")" + file("tv.m3u").string() + R"(","refresh":"6 hours"})");
  start();
  EXPECT_THAT(jobs(), ElementsAre("refresh queued", "refresh queued"));
  do_next();
  do_next();
  EXPECT_THAT(jobs(), Contains("generate queued"));
  EXPECT_EQ(**conductor_->next_refresh(*model()->find_source(source("odd"))) - now(),
            seconds(3600));
}

TEST_F(ConductorTest, WhatTheStoreFailedWithIsLookedAtAgain) {
  publish();
  sql("ALTER TABLE source_snapshots RENAME TO away");
  renumber(2);
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  sql("ALTER TABLE away RENAME TO source_snapshots");
  look_around();
  pass_and_look(seconds(5));
  EXPECT_THAT(jobs(), Contains("generate queued"));
}

TEST_F(ConductorTest, WhatDependsOnTheClockIsMadeAgainWhenItsTimeHasCome) {
  options_.refreshes.refresh = "manual";
  add(store::EntityKind::kRule, "stamp", R"({"expression":"SET attr:made = \"@time:now()\""})");
  const auto home = must(store_->entities().get(proxy()));
  must(store_->entities().put(home.id,
                              {.name = {}, .body = R"({"sources":["tv"],"rules":["stamp"]})"},
                              home.revision, now()));
  must(refresh());
  start();
  do_next();
  for (int i = 0; i < 3; ++i) {
    const auto into_the_hour = std::chrono::milliseconds(now_ % 3'600'000);
    pass_and_look(std::chrono::milliseconds(3'599'999) - into_the_hour);
    EXPECT_THAT(jobs(), Not(Contains("generate queued"))) << i;
    pass_and_look(std::chrono::milliseconds(1));
    pass_and_look(seconds(5));
    EXPECT_THAT(jobs(), Contains("generate queued")) << i;
    do_next();
  }
  EXPECT_EQ(generations().front(), "4 current");
}

TEST_F(ConductorTest, AChangedSourceIsFetchedAtOnce) {
  start();
  do_next();
  pass(seconds(10));
  write("other.m3u", playlist({"X"}));
  const auto tv = must(store_->entities().get(source()));
  must(store_->entities().put(
      tv.id, {.name = {}, .body = R"({"path":")" + file("other.m3u").string() + R"("})"},
      tv.revision, now()));
  settle();
  EXPECT_THAT(jobs(), Contains("refresh queued"));
  pass(seconds(1));
  do_next();
  settle();
  EXPECT_THAT(jobs(), Not(Contains("refresh queued")));
}

TEST_F(ConductorTest, ARestartMakesNothingAgainThatIsThere) {
  must(refresh());
  must(generate());
  start();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), UnorderedElementsAre("generate done", "refresh done"));
}

TEST_F(ConductorTest, ARestartMakesNothingAgainThatCameOutTheSame) {
  must(refresh());
  must(generate());
  write("tv.m3u", playlist({"A", "B", "C"}) + "\n");
  must(refresh());
  must(generate());
  EXPECT_THAT(generations(), ElementsAre("1 current"));
  start();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
}

TEST_F(ConductorTest, ARestartAfterARollBackMakesNothingAgain) {
  must(refresh());
  must(generate());
  write("tv.m3u", playlist({"A", "B", "D"}));
  must(refresh());
  must(generate());
  must(store_->generations().roll_back(proxy(), 1));
  start();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), Not(Contains("generate queued")));
  EXPECT_THAT(generations(), ElementsAre("2 kept", "1 current"));
}

TEST_F(ConductorTest, WhatARestoreTookOutOfTheQueueIsAskedForAgain) {
  start();
  (void)must(store_->jobs().cancel(must(store_->jobs().list({})).front().id, now()));
  pass_and_settle(seconds(1));
  EXPECT_THAT(jobs(), Not(Contains("refresh queued")));
  conductor_->restored();
  settle();
  EXPECT_THAT(jobs(), Contains("refresh queued"));
}

TEST_F(ConductorTest, EntriesOfTheAuditLogGoAfterTheirTime) {
  must(store_->audit_log().add({.at = now(), .actor = "anna", .action = "filters.create"}));
  start();
  pass_and_settle(std::chrono::hours(24 * 364));
  EXPECT_EQ(must(store_->audit_log().page(std::nullopt, 10)).size(), 1U);
  pass_and_settle(std::chrono::hours(24 * 2));
  EXPECT_TRUE(must(store_->audit_log().page(std::nullopt, 10)).empty());
}

TEST_F(ConductorTest, OtherSettingsHoldFromThenOn) {
  start();
  do_next();
  options_.quiet_period = std::chrono::milliseconds(100);
  options_.refreshes.refresh = "10m";
  settle();
  pass_and_settle(seconds(600));
  EXPECT_THAT(jobs(), Contains("refresh queued"));
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
