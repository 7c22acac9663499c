#include <barrier>
#include <thread>

#include <m3u_proxy/store/open/store_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class EntitiesTest : public StoreTest {
 protected:
  Entity create(EntityKind kind, const std::string& name, const std::string& body = "{}") {
    return must(store().entities().create({.kind = kind, .name = name, .body = body}, at(1)));
  }
  std::vector<std::string> names(EntityKind kind) {
    std::vector<std::string> names;
    for (const Entity& entity : must(store().entities().list(kind))) names.push_back(entity.name);
    return names;
  }
  TakeOver take_over(const std::vector<FileEntity>& file, Time now = at(5)) {
    return must(store().entities().take_over_file(file, now));
  }
};
M3U_ON_BOTH_ENGINES(EntitiesTest);

TEST_P(EntitiesTest, CreatedOneIsFoundByIdAndName) {
  const Entity made = create(EntityKind::kSource, "tv ü", R"({"path":"a.m3u"})");
  EXPECT_EQ(made.id, source_id("tv ü"));
  for (const Entity& found : {must(store().entities().get(made.id)),
                              must(store().entities().find(EntityKind::kSource, "tv ü"))}) {
    EXPECT_EQ(found.id, made.id);
    EXPECT_EQ(found.body, R"({"path":"a.m3u"})");
    EXPECT_EQ(found.revision, 1);
    EXPECT_EQ(found.managed_by, ManagedBy::kUser);
    EXPECT_EQ(found.created, at(1));
  }
  EXPECT_EQ(code_of(store().entities().find(EntityKind::kProxy, "tv ü")), ErrorCode::kNotFound);
}

TEST_P(EntitiesTest, BodiesOfSourcesAreSealedInTheDatabase) {
  create(EntityKind::kSource, "tv", R"({"url":"http://h/?password=hunter2"})");
  create(EntityKind::kEpgSource, "guide", R"({"url":"http://h/?password=hunter2"})");
  create(EntityKind::kProxy, "p", R"({"sources":["tv"]})");
  EXPECT_THAT(texts("SELECT body FROM entities WHERE kind <> 'proxy'"),
              ElementsAre(Not(HasSubstr("hunter2")), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(texts("SELECT body FROM entities WHERE kind = 'proxy'"),
              ElementsAre(R"({"sources":["tv"]})"));
}

TEST_P(EntitiesTest, ChangeOfAnOldRevisionIsAConflict) {
  const Entity made = create(EntityKind::kRule, "r");
  const Entity changed =
      must(store().entities().put(made.id, {.body = R"({"a":1})"}, made.revision, at(2)));
  EXPECT_EQ(changed.revision, 2);
  EXPECT_EQ(changed.updated, at(2));
  const auto stale = store().entities().put(made.id, {.body = "{}"}, made.revision, at(3));
  ASSERT_EQ(code_of(stale), ErrorCode::kConflict);
  EXPECT_EQ(stale.error().message, "rule \"r\" was changed meanwhile: revision 2, not 1");
  EXPECT_EQ(code_of(store().entities().erase(made.id, 1)), ErrorCode::kConflict);
  must(store().entities().erase(made.id, 2));
  EXPECT_EQ(code_of(store().entities().get(made.id)), ErrorCode::kNotFound);
}

TEST_P(EntitiesTest, TakenNamesAndIdsAreConflicts) {
  const Entity one = create(EntityKind::kFilter, "one");
  const Entity two = create(EntityKind::kFilter, "two");
  Entities& entities = store().entities();
  EXPECT_EQ(code_of(entities.create({.kind = EntityKind::kFilter, .name = "one"}, at(2))),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(entities.put(two.id, {.name = "one"}, 1, at(2))), ErrorCode::kConflict);
  EXPECT_EQ(code_of(entities.create({.kind = EntityKind::kRule, .name = "x", .id = one.id}, at(2))),
            ErrorCode::kConflict);
  EXPECT_TRUE(entities.create({.kind = EntityKind::kRule, .name = "one"}, at(2)).has_value());
}

TEST_P(EntitiesTest, RenamedOneKeepsItsIdAndItsOldNameGivesAnother) {
  const Entity first = create(EntityKind::kProxy, "tv");
  must(store().entities().put(first.id, {.name = "radio"}, 1, at(2)));
  const Entity second = create(EntityKind::kProxy, "tv");
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(must(store().entities().find(EntityKind::kProxy, "radio")).id, first.id);
}

TEST_P(EntitiesTest, UnusableTextsAreRefusedAlike) {
  Entities& entities = store().entities();
  for (const std::string& name :
       {std::string(), std::string(201, 'x'), std::string("a\0b", 3), std::string("\xC3\x28")})
    EXPECT_EQ(code_of(entities.create({.kind = EntityKind::kRule, .name = name}, at(1))),
              ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(entities.create({.kind = EntityKind::kRule,
                                     .name = "big",
                                     .body = std::string(Entities::kLargestBody + 1, ' ')},
                                    at(1))),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(entities
                  .create({.kind = EntityKind::kRule,
                           .name = std::string(200, 'x'),
                           .body = std::string(Entities::kLargestBody, ' ')},
                          at(1))
                  .has_value());
}

TEST_P(EntitiesTest, OrderIsThatOfCreationUntilItIsChanged) {
  const Entity b = create(EntityKind::kRule, "b");
  const Entity a = create(EntityKind::kRule, "a");
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("b", "a"));
  must(store().entities().reorder(EntityKind::kRule, std::vector{a.id, b.id}));
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("a", "b"));
  EXPECT_EQ(code_of(store().entities().reorder(EntityKind::kRule, std::vector{a.id})),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().entities().reorder(EntityKind::kRule, std::vector{a.id, a.id})),
            ErrorCode::kConflict);
}

TEST_P(EntitiesTest, EveryChangeCountsTheStoresRevision) {
  const std::int64_t before = must(store().entities().revision());
  const Entity made = create(EntityKind::kRule, "r");
  must(store().entities().put(made.id, {.name = "s"}, 1, at(2)));
  EXPECT_EQ(code_of(store().entities().put(made.id, {.name = "t"}, 1, at(2))),
            ErrorCode::kConflict);
  must(store().entities().erase(made.id, 2));
  EXPECT_EQ(must(store().entities().revision()), before + 3);
}

TEST_P(EntitiesTest, ChangeThatWasCheckedBeforeAnotherIsRefused) {
  const Entity a = create(EntityKind::kRule, "a");
  const Entity b = create(EntityKind::kRule, "b");
  Entities& entities = store().entities();
  const std::int64_t checked = must(entities.entities_revision());
  create(EntityKind::kFilter, "another");
  const std::int64_t now = must(entities.entities_revision());
  ASSERT_NE(now, checked);
  const std::vector<Uuid> turned = {b.id, a.id};
  const std::vector<FileEntity> file = {{.kind = EntityKind::kRule, .name = "d", .body = "{}"}};
  const auto refused = entities.create(
      {.kind = EntityKind::kRule, .name = "c", .body = "{}", .checked = checked}, at(3));
  ASSERT_EQ(code_of(refused), ErrorCode::kConflict);
  EXPECT_EQ(refused.error().message, "something else was changed while this change was checked");
  EXPECT_EQ(code_of(entities.put(a.id, {.name = "x", .checked = checked}, 1, at(3))),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(entities.erase(a.id, 1, checked)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(entities.reorder(EntityKind::kRule, turned, checked)), ErrorCode::kConflict);
  EXPECT_EQ(code_of(store().import({.entities = file, .checked = checked}, at(3))),
            ErrorCode::kConflict);
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("a", "b"));
  EXPECT_EQ(must(entities.entities_revision()), now);

  must(entities.reorder(EntityKind::kRule, turned, now));
  must(entities.put(a.id, {.name = "x", .checked = now + 1}, 1, at(3)));
  must(entities.erase(b.id, 1, now + 2));
  must(entities.create({.kind = EntityKind::kRule, .name = "c", .body = "{}", .checked = now + 3},
                       at(3)));
  must(store().import({.entities = file, .checked = now + 4}, at(3)));
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("x", "c", "d"));
}

TEST_P(EntitiesTest, EditsOfChannelsRefuseNoChangeThatWasCheckedBeforeThem) {
  Entities& entities = store().entities();
  for (std::uint8_t round = 1; round <= 2; ++round) {  // the first edit ever, and another
    const Entity rule = create(EntityKind::kRule, std::to_string(round));
    const std::int64_t checked = must(entities.entities_revision());
    const std::int64_t before = must(entities.revision());
    const ChannelEdit edit = must(store().edits().put({.channel = id(round), .name = "x"}, at(2)));
    EXPECT_EQ(must(entities.revision()), before + 1);
    const std::vector<ChannelEdit> file = {{.channel = id(9), .name = "of the file"}};
    EXPECT_TRUE(must(store().edits().take_over_file(file, at(2))));
    EXPECT_TRUE(must(store().edits().release_file()));
    must(store().edits().erase(id(9), {}, must(store().edits().find(id(9), {}))->revision));
    must(store().edits().erase(id(round), {}, edit.revision));
    EXPECT_EQ(must(entities.revision()), before + 5);
    EXPECT_EQ(must(entities.entities_revision()), checked);
    must(entities.put(rule.id, {.body = R"({"a":1})", .checked = checked}, 1, at(3)));
    EXPECT_EQ(must(entities.entities_revision()), checked + 1);
  }
}

TEST_P(EntitiesTest, SettingsAndTheFileRefuseAChangeThatWasCheckedBeforeThem) {
  Entities& entities = store().entities();
  std::int64_t checked = must(entities.entities_revision());
  const auto refused_after = [&] {
    const auto made = entities.create(
        {.kind = EntityKind::kRule, .name = "r", .body = "{}", .checked = checked}, at(3));
    checked = must(entities.entities_revision());
    return code_of(made) == ErrorCode::kConflict;
  };
  must(store().settings().put("key", "1", 0, at(2)));
  EXPECT_TRUE(refused_after());
  must(store().settings().erase("key", 1));
  EXPECT_TRUE(refused_after());
  take_over({{.kind = EntityKind::kSource, .name = "a", .body = "1"}});
  EXPECT_TRUE(refused_after());
  EXPECT_TRUE(must(entities.release_file()));
  EXPECT_TRUE(refused_after());
  EXPECT_FALSE(refused_after());
}

TEST_P(EntitiesTest, OfTwoProcessesThatCheckedTheSameOneChanges) {
  const auto another = open();
  for (int round = 0; round < 20; ++round) {
    const Entity source = create(EntityKind::kSource, std::to_string(round));
    const std::int64_t checked = must(store().entities().entities_revision());
    std::barrier both(2);
    Result<> erased;
    Result<Entity> made;
    {
      const std::jthread eraser([&] {
        both.arrive_and_wait();
        erased = store().entities().erase(source.id, source.revision, checked);
      });
      both.arrive_and_wait();
      made = another->entities().create(
          {.kind = EntityKind::kProxy, .name = source.name, .body = "{}", .checked = checked},
          at(2));
    }
    EXPECT_NE(erased.has_value(), made.has_value());
    EXPECT_EQ(erased ? code_of(made) : code_of(erased), ErrorCode::kConflict);
    EXPECT_EQ(must(store().entities().entities_revision()), checked + 1);
  }
}

TEST_P(EntitiesTest, ErasedProxyTakesWhatBelongsToItAlong) {
  const Entity proxy = create(EntityKind::kProxy, "p");
  const std::int64_t number = must(store().generations().next_number(proxy.id));
  must(store().generations().publish({.proxy = proxy.id, .number = number, .files = {{"a"}}}, {}));
  must(store().generations().note_inputs(proxy.id, number, "x"));
  must(store().runs().add(proxy.id, {.stages = {{.stage = "s"}}}));
  must(store().edits().put({.channel = id(1), .proxy = proxy.id}, at(2)));
  must(
      store().tokens().create({.kind = TokenKind::kOutput, .hash = "h", .proxy = proxy.id}, at(2)));
  must(store().entities().erase(proxy.id, 1));
  for (const std::string table : {"generations", "generation_files", "runs", "run_stages",
                                  "channel_edits", "tokens", "entities"})
    EXPECT_THAT(texts("SELECT 'left' FROM " + table), IsEmpty()) << table;
  EXPECT_EQ(must(store().generations().noted_inputs(proxy.id, number)), std::nullopt);
}

TEST_P(EntitiesTest, AProxyThatComesBackIsCountedOnAndHasNoOldAddress) {
  const Entity proxy = create(EntityKind::kProxy, "p");
  EXPECT_EQ(must(store().generations().next_number(proxy.id)), 1);
  const std::string token = "output_token/" + to_string(proxy.id);
  must(store().settings().put(token, "\"sealed\"", 0, at(2)));
  must(store().entities().erase(proxy.id, 1));
  const Entity again = create(EntityKind::kProxy, "p");
  EXPECT_EQ(again.id, proxy.id);
  EXPECT_EQ(must(store().generations().next_number(again.id)), 2);
  EXPECT_EQ(must(store().settings().find(token)), std::nullopt);
}

TEST_P(EntitiesTest, FileIsTakenOverAndWhatVanishedIsRemoved) {
  const TakeOver first = take_over({{.kind = EntityKind::kSource, .name = "a", .body = "1"},
                                    {.kind = EntityKind::kSource, .name = "b", .body = "2"},
                                    {.kind = EntityKind::kProxy, .name = "p", .body = "3"}});
  EXPECT_EQ(first.added.size(), 3);
  const TakeOver second = take_over({{.kind = EntityKind::kSource, .name = "a", .body = "1"},
                                     {.kind = EntityKind::kProxy, .name = "p", .body = "4"}},
                                    at(6));
  EXPECT_THAT(second.added, IsEmpty());
  EXPECT_THAT(second.changed, ElementsAre(proxy_id("p")));
  EXPECT_THAT(second.removed, ElementsAre(source_id("b")));
  EXPECT_EQ(must(store().entities().find(EntityKind::kSource, "a")).revision, 1);
  EXPECT_EQ(must(store().entities().find(EntityKind::kProxy, "p")).body, "4");
}

TEST_P(EntitiesTest, UnchangedFileChangesNothing) {
  const std::vector<FileEntity> file = {{.kind = EntityKind::kSource, .name = "a", .body = "1"},
                                        {.kind = EntityKind::kSource, .name = "b", .body = "2"}};
  take_over(file);
  const std::int64_t revision = must(store().entities().revision());
  EXPECT_TRUE(take_over(file).empty());
  EXPECT_EQ(must(store().entities().revision()), revision);
}

TEST_P(EntitiesTest, WhatTheFileManagesIsChangedThereOnly) {
  take_over({{.kind = EntityKind::kSource, .name = "a", .body = "1"}});
  const Entity entity = must(store().entities().find(EntityKind::kSource, "a"));
  const auto refused = store().entities().put(entity.id, {.body = "2"}, 1, at(7));
  ASSERT_EQ(code_of(refused), ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("is managed by the configuration file"));
  EXPECT_EQ(code_of(store().entities().erase(entity.id, 1)), ErrorCode::kConflict);
}

TEST_P(EntitiesTest, WhatAUserMadeStaysBehindTheFiles) {
  create(EntityKind::kRule, "mine");
  take_over({{.kind = EntityKind::kRule, .name = "x"}, {.kind = EntityKind::kRule, .name = "y"}});
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("x", "y", "mine"));
  take_over({});
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("mine"));
}

TEST_P(EntitiesTest, NameOfAUsersIsAConflictAndNothingIsTakenOver) {
  create(EntityKind::kRule, "mine");
  const std::vector<FileEntity> file = {{.kind = EntityKind::kRule, .name = "other"},
                                        {.kind = EntityKind::kRule, .name = "mine"}};
  EXPECT_EQ(code_of(store().entities().take_over_file(file, at(5))), ErrorCode::kConflict);
  EXPECT_THAT(names(EntityKind::kRule), ElementsAre("mine"));
  const std::vector<FileEntity> twice = {{.kind = EntityKind::kRule, .name = "t"},
                                         {.kind = EntityKind::kRule, .name = "t"}};
  EXPECT_EQ(code_of(store().entities().take_over_file(twice, at(5))), ErrorCode::kConflict);
}

TEST_P(EntitiesTest, ExampleOfTheSameNameBecomesTheFiles) {
  const Entity example = must(store().entities().create(
      {.kind = EntityKind::kSource, .name = "a", .managed_by = ManagedBy::kExample}, at(1)));
  take_over({{.kind = EntityKind::kSource, .name = "a"}});
  const Entity taken = must(store().entities().get(example.id));
  EXPECT_EQ(taken.managed_by, ManagedBy::kFile);
}

TEST_P(EntitiesTest, WithoutAFileWhatItBroughtIsPeoplesUntilItComesAgain) {
  const std::vector<FileEntity> file = {{.kind = EntityKind::kSource, .name = "a", .body = "1"},
                                        {.kind = EntityKind::kSource, .name = "b", .body = "1"}};
  EXPECT_FALSE(must(store().entities().release_file()));
  take_over(file);
  EXPECT_TRUE(must(store().entities().release_file()));
  EXPECT_FALSE(must(store().entities().release_file()));
  Entity a = must(store().entities().find(EntityKind::kSource, "a"));
  a = must(store().entities().put(a.id, {.body = "2"}, a.revision, at(7)));
  EXPECT_EQ(code_of(store().entities().take_over_file(file, at(8))), ErrorCode::kConflict);
  must(store().entities().erase(a.id, a.revision));
  take_over(file);
  for (const char* name : {"a", "b"})
    EXPECT_EQ(must(store().entities().find(EntityKind::kSource, name)).managed_by,
              ManagedBy::kFile);
}

TEST_P(EntitiesTest, ChangedExampleIsTheUsers) {
  const Entity example = must(store().entities().create(
      {.kind = EntityKind::kSource, .name = "a", .managed_by = ManagedBy::kExample}, at(1)));
  EXPECT_EQ(must(store().entities().put(example.id, {.body = "2"}, 1, at(2))).managed_by,
            ManagedBy::kUser);
}

TEST_P(EntitiesTest, RenamedInTheFileKeepsItsId) {
  take_over({{.kind = EntityKind::kProxy, .name = "old"}});
  take_over({{.kind = EntityKind::kProxy, .name = "new", .renamed_from = "old"}});
  EXPECT_EQ(must(store().entities().find(EntityKind::kProxy, "new")).id, proxy_id("old"));
  // The file goes on saying it.
  EXPECT_TRUE(
      take_over({{.kind = EntityKind::kProxy, .name = "new", .renamed_from = "old"}}).empty());
}

TEST_P(EntitiesTest, TwoOfTheFileMayExchangeTheirNames) {
  take_over({{.kind = EntityKind::kRule, .name = "a", .body = "1"},
             {.kind = EntityKind::kRule, .name = "b", .body = "2"}});
  const Uuid a = must(store().entities().find(EntityKind::kRule, "a")).id;
  take_over({{.kind = EntityKind::kRule, .name = "b", .body = "1", .renamed_from = "a"},
             {.kind = EntityKind::kRule, .name = "a", .body = "2", .renamed_from = "b"}});
  EXPECT_EQ(must(store().entities().find(EntityKind::kRule, "b")).id, a);
}

TEST_P(EntitiesTest, IdInTheFileIsKept) {
  take_over({{.kind = EntityKind::kProxy, .name = "p", .id = id(7)}});
  EXPECT_EQ(must(store().entities().find(EntityKind::kProxy, "p")).id, id(7));
  take_over({{.kind = EntityKind::kProxy, .name = "q", .id = id(7)}});
  EXPECT_EQ(must(store().entities().find(EntityKind::kProxy, "q")).id, id(7));
  EXPECT_THAT(names(EntityKind::kProxy), ElementsAre("q"));
}

}  // namespace
}  // namespace m3u_proxy::store::testing
