#include <m3u_proxy/store/open/store_testing.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecordsTest : public StoreTest {};
M3U_ON_BOTH_ENGINES(RecordsTest);

TEST_P(RecordsTest, EditKeepsWhatIsSetAndWhatIsNot) {
  const ChannelEdit made = must(store().edits().put({.channel = id(1),
                                                     .number = "5.1",
                                                     .name = "",
                                                     .hidden = false,
                                                     .place = EditPlace::kAfter,
                                                     .place_channel = id(2)},
                                                    at(3)));
  EXPECT_EQ(made.revision, 1);
  const auto found = must(store().edits().find(id(1), {}));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->proxy, std::nullopt);
  EXPECT_EQ(found->number, "5.1");
  EXPECT_EQ(found->name, "");
  EXPECT_EQ(found->group, std::nullopt);
  EXPECT_EQ(found->hidden, false);
  EXPECT_EQ(found->place, EditPlace::kAfter);
  EXPECT_EQ(found->place_channel, id(2));
  EXPECT_EQ(found->last_seen, at(3));
  EXPECT_EQ(must(store().edits().find(id(1), id(9))).has_value(), false);
}

TEST_P(RecordsTest, EditOfAnOldRevisionIsAConflict) {
  ChannelEdit edit = must(store().edits().put({.channel = id(1), .name = "a"}, at(1)));
  EXPECT_EQ(code_of(store().edits().put({.channel = id(1), .name = "b"}, at(2))),
            ErrorCode::kConflict);
  edit.name = std::nullopt;
  EXPECT_EQ(must(store().edits().put(edit, at(2))).revision, 2);
  EXPECT_EQ(code_of(store().edits().erase(id(1), {}, 1)), ErrorCode::kConflict);
  must(store().edits().erase(id(1), {}, 2));
  EXPECT_EQ(code_of(store().edits().erase(id(1), {}, 2)), ErrorCode::kNotFound);
}

TEST_P(RecordsTest, ManyEditsAreChangedTogetherOrNotAtAll) {
  must(store().edits().put({.channel = id(1), .name = "a", .hidden = true}, at(1)));
  const std::vector<Uuid> channels = {id(2), id(1)};
  const auto number = [](std::size_t index, ChannelEdit& edit) -> Result<> {
    edit.number = std::to_string(index + 7);
    return {};
  };
  const auto changed = must(store().edits().change(channels, {}, number, at(2)));
  ASSERT_THAT(changed, SizeIs(2));
  EXPECT_FALSE(changed[0].before.has_value());
  EXPECT_EQ(changed[0].after.revision, 1);
  EXPECT_EQ(changed[1].before->number, std::nullopt);
  EXPECT_EQ(changed[1].after.revision, 2);
  const auto stored = must(store().edits().find(id(1), {}));
  EXPECT_EQ(stored->number, "8");
  EXPECT_EQ(stored->name, "a");
  EXPECT_EQ(stored->created, at(1));
  must(store().edits().take_over_file(std::vector<ChannelEdit>{{.channel = id(3)}}, at(3)));
  const std::vector<Uuid> with_the_files = {id(2), id(3)};
  EXPECT_EQ(code_of(store().edits().change(with_the_files, {}, number, at(4))),
            ErrorCode::kConflict);
  EXPECT_EQ(must(store().edits().find(id(2), {}))->revision, 1);
  const auto lengthen = [](std::size_t, ChannelEdit& edit) -> Result<> {
    edit.name = std::string(ChannelEdits::kMostText / 2 + 1, 'x');
    return {};
  };
  EXPECT_EQ(code_of(store().edits().change(channels, {}, lengthen, at(5))),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(must(store().edits().find(id(1), {}))->name, "a");
}

TEST_P(RecordsTest, OfManyEditsThoseThatSayNothingAnyMoreAreRemoved) {
  must(store().edits().put({.channel = id(1), .name = "a"}, at(1)));
  must(store().edits().put({.channel = id(2), .name = "b", .hidden = true}, at(1)));
  const std::vector<Uuid> channels = {id(1), id(2), id(3)};
  const auto changed = must(store().edits().change(
      channels, {},
      [](std::size_t, ChannelEdit& edit) -> Result<> {
        edit.name = std::nullopt;
        return {};
      },
      at(2)));
  ASSERT_THAT(changed, SizeIs(3));
  EXPECT_EQ(changed[0].before->name, "a");
  EXPECT_EQ(changed[0].after.revision, 0);
  EXPECT_EQ(changed[1].after.revision, 2);
  EXPECT_EQ(changed[2].after.revision, 0);
  EXPECT_FALSE(must(store().edits().find(id(1), {})).has_value());
  EXPECT_EQ(must(store().edits().find(id(2), {}))->hidden, true);
  EXPECT_FALSE(must(store().edits().find(id(3), {})).has_value());
}

TEST_P(RecordsTest, WhatRefusesOneOfManyEditsRefusesAll) {
  must(store().edits().put({.channel = id(2), .name = "b"}, at(1)));
  const std::vector<Uuid> channels = {id(1), id(2)};
  const auto only_new = [](std::size_t, ChannelEdit& edit) -> Result<> {
    if (edit.revision > 0) return fail(ErrorCode::kConflict, "it is there");
    edit.name = "new";
    return {};
  };
  EXPECT_EQ(code_of(store().edits().change(channels, {}, only_new, at(2))), ErrorCode::kConflict);
  EXPECT_FALSE(must(store().edits().find(id(1), {})).has_value());
}

TEST_P(RecordsTest, EditsComeByChannelIdTheOneForAllProxiesFirst) {
  for (const std::uint8_t n : {std::uint8_t{30}, std::uint8_t{4}, std::uint8_t{200}}) {
    must(store().edits().put({.channel = id(n), .proxy = id(1)}, at(1)));
    must(store().edits().put({.channel = id(n)}, at(1)));
  }
  std::vector<std::string> seen;
  const auto note = [&](const ChannelEdit& edit) {
    seen.push_back(std::to_string(edit.channel.bytes.back()) + (edit.proxy ? "p" : ""));
  };
  must(store().edits().for_each([&](const ChannelEdit& edit) -> Result<> {
    note(edit);
    return {};
  }));
  EXPECT_THAT(seen, ElementsAre("4", "4p", "30", "30p", "200", "200p"));
  seen.clear();
  for (const ChannelEdit& edit : must(store().edits().page(id(4), 1))) note(edit);
  EXPECT_THAT(seen, ElementsAre("30", "30p"));
  EXPECT_EQ(code_of(store().edits().for_each([](const ChannelEdit&) -> Result<> {
              return fail(ErrorCode::kCancelled, "stop");
            })),
            ErrorCode::kCancelled);
  EXPECT_EQ(must(store().edits().page({}, 1000)).size(), 6);
}

TEST_P(RecordsTest, EditOfAVanishedChannelStaysUntilRefreshesMissedItLongEnough) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  must(store().edits().put({.channel = id(2)}, at(0)));
  const auto seen = [&](bool second, Time when) {
    must(store().edits().record_sightings(
        id(9),
        std::vector<Sighting>{{.channel = id(1), .seen = true}, {.channel = id(2), .seen = second}},
        when));
  };
  seen(true, at(100));
  seen(false, at(200));
  seen(false, at(300));
  EXPECT_EQ(must(store().edits().find(id(1), {}))->last_seen, at(300));
  EXPECT_EQ(must(store().edits().find(id(2), {}))->misses, 2);
  EXPECT_EQ(must(store().edits().find(id(2), {}))->missing_since, at(200));
  const Duration kept = at(100) - at(0);
  const auto confirm = [&](Time when) { must(store().snapshots().confirm(id(9), "", "", when)); };
  must(store().snapshots().publish({.id = id(50), .source = id(9), .confirmed = at(299)}, {}));
  EXPECT_EQ(must(store().edits().prune(kept, at(299))), 0);
  // As long as the source cannot be fetched nobody knows whether the channel is back.
  EXPECT_EQ(must(store().edits().prune(kept, at(1'000'000))), 0);
  confirm(at(300));
  EXPECT_EQ(must(store().edits().prune(kept, at(1'000'000))), 1);
  EXPECT_TRUE(must(store().edits().find(id(1), {})).has_value());
  EXPECT_FALSE(must(store().edits().find(id(2), {})).has_value());
}

TEST_P(RecordsTest, WhereNothingIsFetchedTheClockTellsHowLongAChannelIsGone) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  for (const bool seen : {true, false})
    must(store().edits().record_sightings(
        id(9), std::vector<Sighting>{{.channel = id(1), .seen = seen}}, at(100)));
  EXPECT_EQ(must(store().edits().prune(at(100) - at(0), at(199))), 0);
  EXPECT_EQ(must(store().edits().prune(at(100) - at(0), at(200))), 1);
}

TEST_P(RecordsTest, EditOfAChannelThatCameBackStays) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  for (const bool seen : {true, false, true})
    must(store().edits().record_sightings(
        id(9), std::vector<Sighting>{{.channel = id(1), .seen = seen}}, at(100)));
  EXPECT_EQ(must(store().edits().prune({}, at(1000))), 0);
}

TEST_P(RecordsTest, OnlyTheSourceOfAChannelMissesIt) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  const auto record = [&](const Uuid& source, bool seen) {
    must(store().edits().record_sightings(
        source, std::vector<Sighting>{{.channel = id(1), .seen = seen}}, at(100)));
    return must(store().edits().find(id(1), {}))->misses;
  };
  const auto any_unseen = [&](Time since) { return must(store().edits().any_unseen_since(since)); };
  EXPECT_TRUE(any_unseen(at(0)));
  EXPECT_FALSE(any_unseen(at(1)));
  EXPECT_EQ(record(id(8), false), 0);  // nobody knows yet where it comes from
  EXPECT_TRUE(any_unseen(at(0)));
  EXPECT_EQ(record(id(9), true), 0);
  EXPECT_FALSE(any_unseen(at(0)));
  EXPECT_EQ(record(id(8), false), 0);
  EXPECT_EQ(record(id(9), false), 1);
}

TEST_P(RecordsTest, EditOfAChannelWhoseSourceNobodyKnowsIsNotPruned) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  must(store().edits().record_sightings(
      id(9), std::vector<Sighting>{{.channel = id(1), .seen = false}}, at(100)));
  EXPECT_EQ(must(store().edits().prune({}, at(1'000'000))), 0);
}

TEST_P(RecordsTest, EditsOfAFileThatIsNotNamedAnyMoreArePeoples) {
  const std::vector<ChannelEdit> file = {{.channel = id(1), .name = "a"},
                                         {.channel = id(2), .name = "b"}};
  EXPECT_FALSE(must(store().edits().release_file()));
  must(store().edits().take_over_file(file, at(1)));
  EXPECT_TRUE(must(store().edits().release_file()));
  auto edit = *must(store().edits().find(id(1), {}));
  edit.name = "another";
  must(store().edits().put(edit, at(2)));
  EXPECT_EQ(code_of(store().edits().check_file(file)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().edits().take_over_file(file, at(3))), ErrorCode::kConflict);
  must(store().edits().check_file(std::span(file).subspan(1)));
  EXPECT_TRUE(must(store().edits().take_over_file(std::span(file).subspan(1), at(3))));
  EXPECT_EQ(must(store().edits().find(id(2), {}))->managed_by, ManagedBy::kFile);
  EXPECT_EQ(must(store().edits().find(id(1), {}))->name, "another");
}

TEST_P(RecordsTest, EditsOfAFileAreExactlyWhatItSays) {
  must(store().edits().put({.channel = id(7), .name = "a person's"}, at(0)));
  const std::vector<ChannelEdit> first = {{.channel = id(1), .name = "one"},
                                          {.channel = id(2), .proxy = id(9), .number = "2"}};
  EXPECT_TRUE(must(store().edits().take_over_file(first, at(1))));
  EXPECT_FALSE(must(store().edits().take_over_file(first, at(2))));
  const auto made = must(store().edits().find(id(2), id(9)));
  EXPECT_EQ(made->managed_by, ManagedBy::kFile);
  EXPECT_EQ(code_of(store().edits().put(*made, at(3))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().edits().erase(id(2), id(9), made->revision)), ErrorCode::kConflict);
  const std::vector<ChannelEdit> second = {{.channel = id(1), .name = "other"}};
  EXPECT_TRUE(must(store().edits().take_over_file(second, at(4))));
  EXPECT_EQ(must(store().edits().find(id(1), {}))->name, "other");
  EXPECT_EQ(must(store().edits().find(id(1), {}))->revision, 2);
  EXPECT_FALSE(must(store().edits().find(id(2), id(9))).has_value());
  EXPECT_EQ(must(store().edits().find(id(7), {}))->managed_by, ManagedBy::kUser);
}

TEST_P(RecordsTest, EditsOfAFileDoNotReplaceAPersons) {
  must(store().edits().put({.channel = id(1), .name = "a person's"}, at(0)));
  const std::vector<ChannelEdit> edits = {{.channel = id(2)}, {.channel = id(1), .name = "file's"}};
  EXPECT_EQ(code_of(store().edits().take_over_file(edits, at(1))), ErrorCode::kConflict);
  EXPECT_EQ(must(store().edits().page({}, 10)).size(), 1);
}

TEST_P(RecordsTest, EditsOfAFileAreNotPruned) {
  must(store().edits().take_over_file(std::vector<ChannelEdit>{{.channel = id(1)}}, at(0)));
  for (const bool seen : {true, false})
    must(store().edits().record_sightings(
        id(9), std::vector<Sighting>{{.channel = id(1), .seen = seen}}, at(1)));
  EXPECT_EQ(must(store().edits().prune({}, at(1'000'000))), 0);
}

TEST_P(RecordsTest, EditWithoutARefreshSinceIsNotPruned) {
  must(store().edits().put({.channel = id(1)}, at(0)));
  EXPECT_EQ(must(store().edits().prune({}, at(1'000'000))), 0);
}

TEST_P(RecordsTest, LastTwentyRunsAreKept) {
  for (int i = 1; i <= 22; ++i)
    must(store().runs().add(id(1), {.finished = i,
                                    .size = {.source_bytes = 10, .guide_bytes = 20},
                                    .channels = 30,
                                    .limit_mb = 64.5,
                                    .fixed_mb = 0.1,
                                    .peak_mb = 33.3,
                                    .storage = memory::StorageLevel::kSpill,
                                    .stages = {{.stage = "Data Mapping", .peak_mb = 1.0 / 3},
                                               {.stage = "EPG", .of_guide = true}}}));
  const auto history = must(store().runs().history(id(1)));
  ASSERT_THAT(history.runs(), SizeIs(20));
  EXPECT_EQ(history.runs().front().finished, 3);
  const memory::RunRecord& last = history.runs().back();
  EXPECT_EQ(last.finished, 22);
  EXPECT_EQ(last.size.guide_bytes, 20);
  EXPECT_EQ(last.limit_mb, 64.5);
  EXPECT_EQ(last.fixed_mb, 0.1);
  EXPECT_EQ(last.storage, memory::StorageLevel::kSpill);
  ASSERT_THAT(last.stages, SizeIs(2));
  EXPECT_EQ(last.stages[0].stage, "Data Mapping");
  EXPECT_EQ(last.stages[0].peak_mb, 1.0 / 3);
  EXPECT_TRUE(last.stages[1].of_guide);
  EXPECT_THAT(must(store().runs().history(id(2))).runs(), IsEmpty());
  EXPECT_THAT(texts("SELECT stage FROM run_stages"), SizeIs(40));
}

TEST_P(RecordsTest, SettingsHaveRevisions) {
  EXPECT_EQ(must(store().settings().find("a")), std::nullopt);
  EXPECT_EQ(must(store().settings().put("a", "1", 0, at(1))).revision, 1);
  EXPECT_EQ(code_of(store().settings().put("a", "2", 0, at(2))), ErrorCode::kConflict);
  must(store().settings().put("a", "2", 1, at(2)));
  must(store().settings().put("B", "3", 0, at(2)));
  const auto all = must(store().settings().list());
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].key, "B");  // by bytes, in any language
  EXPECT_EQ(all[1].value, "2");
  EXPECT_EQ(code_of(store().settings().erase("a", 1)), ErrorCode::kConflict);
  must(store().settings().erase("a", 2));
  EXPECT_EQ(code_of(store().settings().erase("a", 2)), ErrorCode::kNotFound);
}

TEST_P(RecordsTest, UserNamesAreUniqueAndRevisionsChecked) {
  const User user =
      must(store().users().create({.name = "eve", .password_hash = "h", .role = "admin"}, at(1)));
  EXPECT_EQ(code_of(store().users().create({.name = "eve"}, at(1))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().users().create({}, at(1))), ErrorCode::kInvalidArgument);
  User other = must(store().users().create({.name = "bob"}, at(1)));
  other.name = "eve";
  EXPECT_EQ(code_of(store().users().put(other, at(2))), ErrorCode::kConflict);
  other.name = "rob";
  EXPECT_EQ(must(store().users().put(other, at(2))).revision, 2);
  EXPECT_EQ(code_of(store().users().put(other, at(2))), ErrorCode::kConflict);
  EXPECT_EQ(must(store().users().find("eve"))->id, user.id);
  EXPECT_EQ(must(store().users().find(user.id))->role, "admin");
  EXPECT_THAT(must(store().users().list()), SizeIs(2));
}

TEST_P(RecordsTest, SessionsEndWithTheirTimeTheirUserAndItsPassword) {
  User user = must(store().users().create({.name = "eve", .password_hash = "h"}, at(1)));
  Users& users = store().users();
  const auto login = [&](const std::string& hash) {
    return users.add_session({.hash = hash,
                              .user = user.id,
                              .created = at(1),
                              .expires = at(100),
                              .last_seen = at(1),
                              .client = "Firefox"});
  };
  must(login("s"));
  EXPECT_EQ(must(users.find_session("s", at(99)))->client, "Firefox");
  EXPECT_FALSE(must(users.find_session("s", at(100))).has_value());
  must(users.touch_session("s", at(50), at(200)));
  EXPECT_TRUE(must(users.find_session("s", at(150))).has_value());
  EXPECT_EQ(must(users.prune_sessions(at(200))), 1);
  must(login("t"));
  user.password_hash = "new";
  user = must(users.put(user, at(2)));
  EXPECT_FALSE(must(users.find_session("t", at(3))).has_value());
  must(login("u"));
  must(users.end_session("u"));
  EXPECT_FALSE(must(users.find_session("u", at(3))).has_value());
  must(login("v"));
  must(users.end_sessions_of(user.id));
  EXPECT_FALSE(must(users.find_session("v", at(3))).has_value());
  must(login("w"));
  must(users.erase(user.id));
  EXPECT_FALSE(must(users.find_session("w", at(3))).has_value());
  EXPECT_EQ(code_of(login("x")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(users.erase(user.id)), ErrorCode::kNotFound);
}

TEST_P(RecordsTest, TokensOpenByTheirHashUntilTheyEnd) {
  const Entity proxy =
      must(store().entities().create({.kind = EntityKind::kProxy, .name = "p"}, at(1)));
  const std::string hash = must(hash_token("secret"));
  const AccessToken token = must(store().tokens().create({.kind = TokenKind::kOutput,
                                                          .name = "living room",
                                                          .hash = hash,
                                                          .proxy = proxy.id,
                                                          .scopes = "[]",
                                                          .expires = at(100)},
                                                         at(1)));
  EXPECT_EQ(must(store().tokens().find(hash, at(99)))->proxy, proxy.id);
  EXPECT_FALSE(must(store().tokens().find(hash, at(100))).has_value());
  EXPECT_EQ(code_of(store().tokens().create({.hash = hash}, at(1))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().tokens().create({.hash = "y", .proxy = id(9)}, at(1))),
            ErrorCode::kNotFound);
  must(store().tokens().create({.kind = TokenKind::kApi, .name = "for ever", .hash = "z"}, at(2)));
  EXPECT_TRUE(must(store().tokens().find("z", at(1'000'000))).has_value());
  must(store().tokens().touch(token.id, at(5)));
  const auto outputs = must(store().tokens().list(TokenKind::kOutput, proxy.id));
  ASSERT_THAT(outputs, SizeIs(1));
  EXPECT_EQ(outputs[0].last_used, at(5));
  EXPECT_THAT(must(store().tokens().list(TokenKind::kOutput, id(8))), IsEmpty());
  EXPECT_THAT(must(store().tokens().list(TokenKind::kApi, {})), SizeIs(1));
  must(store().tokens().erase(token.id));
  EXPECT_EQ(code_of(store().tokens().erase(token.id)), ErrorCode::kNotFound);
}

TEST_P(RecordsTest, AuditLogComesNewestFirst) {
  for (int i = 0; i < 5; ++i)
    must(store().audit_log().add(
        {.at = at(i), .actor = "eve", .action = "a" + std::to_string(i), .detail = "{}"}));
  const auto first = must(store().audit_log().page({}, 2));
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].action, "a4");
  const auto second = must(store().audit_log().page(first.back().id, 9));
  ASSERT_THAT(second, SizeIs(3));
  EXPECT_EQ(second[0].action, "a2");
  EXPECT_EQ(must(store().audit_log().prune(at(4))), 4);
}

TEST_P(RecordsTest, LogosShareTheFileOfTheSameBytes) {
  must(store().logos().add(
      {.id = id(1), .name = "b", .mime = "image/png", .bytes = 5, .content_hash = "h"}));
  must(store().logos().add({.id = id(2), .name = "a", .content_hash = "h"}));
  EXPECT_EQ(code_of(store().logos().add({.id = id(1)})), ErrorCode::kConflict);
  EXPECT_EQ(must(store().logos().find(id(1)))->mime, "image/png");
  EXPECT_EQ(must(store().logos().list())[0].name, "a");
  EXPECT_TRUE(must(store().logos().erase(id(1))));
  EXPECT_FALSE(must(store().logos().erase(id(2))));
  EXPECT_EQ(code_of(store().logos().erase(id(2))), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace m3u_proxy::store::testing
