#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;

const Uuid kSource = id(100);
const Uuid kProxy = id(200);

class SnapshotsTest : public StoreTest {
 protected:
  static SourceSnapshot snapshot(std::uint8_t n, std::int64_t second,
                                 const std::string& channels = "c") {
    return {.id = id(n),
            .source = kSource,
            .bytes = 10,
            .items = n,
            .etag = "e",
            .content_hash = "h",
            .channel_set_hash = channels,
            .fetched = at(second),
            .confirmed = at(second)};
  }
  JobLease claimed() {
    must(store().jobs().enqueue({.kind = "refresh", .dedup_key = "x"}, at(0)));
    const auto job =
        must(store().jobs().claim({.owner = "me", .now = at(0), .lease = std::chrono::seconds(1)}));
    return {.job = job->id, .epoch = job->lease_epoch};
  }
  std::string current() {
    const auto now = must(store().snapshots().current(kSource));
    return now ? to_string(now->id) : "";
  }
};
M3U_ON_BOTH_ENGINES(SnapshotsTest);

TEST_P(SnapshotsTest, PublishedOneIsCurrentAndTheOneBeforeSuperseded) {
  EXPECT_EQ(must(store().snapshots().current(kSource)), std::nullopt);
  must(store().snapshots().publish(snapshot(1, 10), {}));
  must(store().snapshots().publish(snapshot(2, 20), {}));
  const auto all = must(store().snapshots().list(kSource));
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].id, id(2));
  EXPECT_EQ(all[0].state, SnapshotState::kCurrent);
  EXPECT_EQ(all[0].items, 2);
  EXPECT_EQ(all[0].etag, "e");
  EXPECT_EQ(all[1].state, SnapshotState::kSuperseded);
  EXPECT_EQ(all[1].superseded, at(20));
  EXPECT_EQ(must(store().snapshots().superseded_before(at(21))).size(), 1);
  EXPECT_EQ(code_of(store().snapshots().forget(id(2))), ErrorCode::kConflict);
  must(store().snapshots().forget(id(1)));
  EXPECT_EQ(must(store().snapshots().list(kSource)).size(), 1);
}

TEST_P(SnapshotsTest, QuarantineCountsRepliesWithTheSameChannels) {
  must(store().snapshots().publish(snapshot(1, 10), {}));
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(2, 20, "few"), {})), 1);
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(3, 30, "few"), {})), 2);
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(4, 40, "other"), {})), 1);
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(5, 50, "few"), {})), 1);
  EXPECT_EQ(current(), to_string(id(1)));
  EXPECT_EQ(code_of(store().snapshots().accept(kSource, id(4), at(60))), ErrorCode::kNotFound);
  EXPECT_EQ(current(), to_string(id(1)));
  must(store().snapshots().accept(kSource, id(5), at(60)));
  EXPECT_EQ(current(), to_string(id(5)));
}

TEST_P(SnapshotsTest, GoodReplyEndsTheQuarantine) {
  must(store().snapshots().quarantine(snapshot(1, 10, "few"), {}));
  must(store().snapshots().publish(snapshot(2, 20), {}));
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(3, 30, "few"), {})), 1);
}

TEST_P(SnapshotsTest, UnchangedReplyEndsTheQuarantine) {
  must(store().snapshots().publish(snapshot(1, 10), {}));
  must(store().snapshots().quarantine(snapshot(2, 20, "few"), {}));
  const auto feed = must(store().watch());
  must(feed->wait(std::chrono::milliseconds(0)));
  must(store().snapshots().confirm(kSource, "e", "", at(30)));
  EXPECT_TRUE(
      must(feed->wait(std::chrono::seconds(20))).test(static_cast<std::size_t>(Topic::kSnapshots)));
  EXPECT_EQ(code_of(store().snapshots().accept(kSource, id(2), at(31))), ErrorCode::kNotFound);
  EXPECT_EQ(current(), to_string(id(1)));
  EXPECT_EQ(must(store().snapshots().superseded_before(at(31))).size(), 1);
  EXPECT_EQ(must(store().snapshots().quarantine(snapshot(3, 40, "few"), {})), 1);
}

TEST_P(SnapshotsTest, UnchangedReplyConfirmsAndFailuresAreCounted) {
  EXPECT_EQ(code_of(store().snapshots().confirm(kSource, "", "", at(1))), ErrorCode::kNotFound);
  EXPECT_EQ(must(store().snapshots().fetch_state(kSource)), std::nullopt);
  must(store().snapshots().record_failure(kSource, "503", at(2)));
  must(store().snapshots().record_failure(kSource, "timeout", at(3)));
  auto state = must(store().snapshots().fetch_state(kSource));
  EXPECT_EQ(state->failures, 2);
  EXPECT_EQ(state->error, "timeout");
  EXPECT_EQ(state->tried, at(3));
  must(store().snapshots().publish(snapshot(1, 10), {}));
  must(store().snapshots().confirm(kSource, "new", "Mon", at(11)));
  const auto now = must(store().snapshots().current(kSource));
  EXPECT_EQ(now->confirmed, at(11));
  EXPECT_EQ(now->etag, "new");
  EXPECT_EQ(must(store().snapshots().fetch_state(kSource))->failures, 0);
}

TEST_P(SnapshotsTest, WorkerThatWasCutOffPublishesNothing) {
  const JobLease old = claimed();
  must(store().snapshots().publish(snapshot(1, 10), old));
  must(store().jobs().claim({.owner = "other", .now = at(50), .lease = std::chrono::seconds(9)}));
  EXPECT_EQ(code_of(store().snapshots().publish(snapshot(2, 20), old)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().snapshots().quarantine(snapshot(2, 20), old)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().generations().publish({.proxy = kProxy, .number = 1}, old)),
            ErrorCode::kConflict);
  EXPECT_EQ(current(), to_string(id(1)));
  EXPECT_EQ(must(store().snapshots().list(kSource)).size(), 1);
}

class GenerationsTest : public StoreTest {
 protected:
  GenerationState publish() {
    const std::int64_t number = must(store().generations().next_number(kProxy));
    return must(store().generations().publish(
        {.proxy = kProxy,
         .number = number,
         .created = at(number),
         .settings_revision = 7,
         .channels = 100,
         .programmes = 1000,
         .added = 12,
         .removed = 3,
         .changed = 40,
         .files = {{.name = "playlist.m3u", .bytes = 5, .content_hash = "p"},
                   {.name = "guide.xml", .bytes = 6, .content_hash = "g"}}},
        {}));
  }
  std::string states() {
    std::string states;
    for (const GenerationRow& row : must(store().generations().list(kProxy)))
      states +=
          std::to_string(row.number) + to_string(row.state).front() + to_string(row.state)[1] + ' ';
    return states;
  }
};
M3U_ON_BOTH_ENGINES(GenerationsTest);

TEST_P(GenerationsTest, PublishedOneIsCurrentWithItsFiles) {
  EXPECT_EQ(must(store().generations().current(kProxy)).has_value(), false);
  EXPECT_EQ(publish(), GenerationState::kCurrent);
  EXPECT_EQ(publish(), GenerationState::kCurrent);
  EXPECT_EQ(states(), "2cu 1ke ");
  const auto now = must(store().generations().current(kProxy));
  EXPECT_EQ(now->number, 2);
  EXPECT_EQ(now->created, at(2));
  EXPECT_EQ(now->settings_revision, 7);
  EXPECT_EQ(now->changed, 40);
  ASSERT_EQ(now->files.size(), 2);
  EXPECT_EQ(now->files[0].name, "guide.xml");
  EXPECT_EQ(now->files[0].content_hash, "g");
  EXPECT_EQ(must(store().generations().get(kProxy, 1)).files.size(), 2);
  EXPECT_EQ(code_of(store().generations().get(kProxy, 9)), ErrorCode::kNotFound);
}

TEST_P(GenerationsTest, OlderOneThatComesLateIsAConflict) {
  const std::int64_t slow = must(store().generations().next_number(kProxy));
  publish();
  EXPECT_EQ(code_of(store().generations().publish({.proxy = kProxy, .number = slow}, {})),
            ErrorCode::kConflict);
}

TEST_P(GenerationsTest, RollBackHoldsTheProxyUntilItsRelease) {
  for (int i = 0; i < 3; ++i) publish();
  must(store().generations().roll_back(kProxy, 1));
  EXPECT_TRUE(must(store().generations().is_held(kProxy)));
  EXPECT_EQ(publish(), GenerationState::kCandidate);
  EXPECT_EQ(publish(), GenerationState::kCandidate);
  EXPECT_EQ(states(), "5ca 4ca 3ke 2ke 1cu ");
  EXPECT_EQ(must(store().generations().release(kProxy)), 5);
  EXPECT_EQ(states(), "5cu 4ke 3ke 2ke 1ke ");
  EXPECT_EQ(code_of(store().generations().release(kProxy)), ErrorCode::kConflict);
  EXPECT_EQ(publish(), GenerationState::kCurrent);
}

TEST_P(GenerationsTest, ReleasePublishesTheNewestAlsoWhereNothingWasMadeSince) {
  for (int i = 0; i < 2; ++i) publish();
  must(store().generations().roll_back(kProxy, 1));
  EXPECT_EQ(states(), "2ke 1cu ");
  EXPECT_EQ(must(store().generations().release(kProxy)), 2);
  EXPECT_EQ(states(), "2cu 1ke ");
  EXPECT_EQ(code_of(store().generations().roll_back(kProxy, 9)), ErrorCode::kNotFound);
  EXPECT_EQ(states(), "2cu 1ke ");
}

TEST_P(GenerationsTest, WhatElseWouldGiveTheSameIsNotedOfOneGeneration) {
  EXPECT_EQ(must(store().generations().noted_inputs(kProxy, 1)), std::nullopt);
  must(store().generations().note_inputs(kProxy, 1, "abc"));
  must(store().generations().note_inputs(kProxy, 1, "abd"));
  EXPECT_EQ(must(store().generations().noted_inputs(kProxy, 1)), "abd");
  EXPECT_EQ(must(store().generations().noted_inputs(kProxy, 11)), std::nullopt);
  EXPECT_EQ(must(store().generations().noted_inputs(kSource, 1)), std::nullopt);
  must(store().generations().note_inputs(kProxy, 11, "x"));
  EXPECT_EQ(must(store().generations().noted_inputs(kProxy, 1)), std::nullopt);
  EXPECT_EQ(must(store().generations().noted_inputs(kProxy, 11)), "x");
}

TEST_P(GenerationsTest, OnlyWhatIsNotCurrentIsForgotten) {
  for (int i = 0; i < 2; ++i) publish();
  EXPECT_EQ(code_of(store().generations().forget(kProxy, 2)), ErrorCode::kConflict);
  const auto feed = must(store().watch());
  must(feed->wait(std::chrono::milliseconds(0)));
  must(store().generations().forget(kProxy, 1));
  // Who has its files open hears of it.
  EXPECT_TRUE(must(feed->wait(std::chrono::seconds(20)))
                  .test(static_cast<std::size_t>(Topic::kGenerations)));
  EXPECT_EQ(states(), "2cu ");
  EXPECT_THAT(texts("SELECT name FROM generation_files ORDER BY name"),
              ElementsAre("guide.xml", "playlist.m3u"));
}

}  // namespace
}  // namespace m3u_proxy::store::testing
