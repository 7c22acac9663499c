#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/store/importing/import_plan.hpp>

namespace m3u_proxy::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Becomes = ImportPlan::Becomes;

const Uuid kOne = parse_uuid("11111111-1111-4111-8111-111111111111").value();
const Uuid kTwo = parse_uuid("22222222-2222-4222-8222-222222222222").value();

Entity stored(const Uuid& id, std::string name, ManagedBy managed_by = ManagedBy::kUser) {
  return {.id = id,
          .kind = EntityKind::kRule,
          .name = std::move(name),
          .body = "{}",
          .managed_by = managed_by};
}

FileEntity wanted(std::string name, std::optional<Uuid> id = {}, std::string body = "{}") {
  return {.kind = EntityKind::kRule, .name = std::move(name), .body = std::move(body), .id = id};
}

Result<ImportPlan> plan(const std::vector<Entity>& existing, const std::vector<FileEntity>& file,
                        ImportMode mode = ImportMode::kAdd) {
  return plan_import(
      existing, file, mode,
      [](const FileEntity& one, const Entity*) -> Result<std::string> { return one.body; });
}

std::vector<Becomes> becomes(const ImportPlan& plan) {
  std::vector<Becomes> out;
  for (const ImportPlan::Step& step : plan.steps) out.push_back(step.becomes);
  return out;
}

TEST(PlanImport, TakesTheOneOfTheIdThenTheOneOfTheName) {
  const auto made =
      plan({stored(kOne, "a"), stored(kTwo, "b")}, {wanted("c", kOne), wanted("b"), wanted("d")});
  ASSERT_TRUE(made);
  EXPECT_THAT(becomes(*made),
              ElementsAre(Becomes::kChanged, Becomes::kUnchanged, Becomes::kCreated));
  EXPECT_EQ(made->steps[0].entity.id, kOne);
  EXPECT_EQ(made->steps[0].entity.name, "c");
  EXPECT_FALSE(made->steps[2].has_id);
  EXPECT_TRUE(made->removed.empty());
}

TEST(PlanImport, AnotherIdIsAnotherThingOnlyWhereAllIsReplaced) {
  const auto added = plan({stored(kOne, "a")}, {wanted("a", kTwo)});
  ASSERT_TRUE(added);
  EXPECT_THAT(becomes(*added), ElementsAre(Becomes::kUnchanged));
  EXPECT_EQ(added->steps[0].entity.id, kOne);
  const auto replaced = plan({stored(kOne, "a")}, {wanted("a", kTwo)}, ImportMode::kReplace);
  ASSERT_TRUE(replaced);
  EXPECT_THAT(becomes(*replaced), ElementsAre(Becomes::kCreated));
  ASSERT_EQ(replaced->removed.size(), 1U);
  EXPECT_EQ(replaced->removed[0].id, kOne);
}

TEST(PlanImport, LeavesAloneWhatTheFileManages) {
  const std::vector<Entity> existing = {stored(kOne, "a", ManagedBy::kFile)};
  const auto same = plan(existing, {wanted("a")}, ImportMode::kReplace);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->steps[0].entity.managed_by, ManagedBy::kFile);
  EXPECT_TRUE(plan(existing, {}, ImportMode::kReplace)->removed.empty());
  const auto changed = plan(existing, {wanted("a", {}, "{\"x\":1}")});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::kConflict);
  EXPECT_THAT(changed.error().message, HasSubstr("configuration file"));
}

TEST(PlanImport, RefusesWhatIsThereTwice) {
  for (const auto& file :
       {std::vector{wanted("a"), wanted("a")}, std::vector{wanted("a", kTwo), wanted("c", kTwo)},
        std::vector{wanted("b", kOne)}, std::vector{wanted("", kOne)}})
    EXPECT_FALSE(
        plan({stored(kOne, "x"), stored(parse_uuid(std::string(32, '3')).value(), "b")}, file))
        << file.front().name;
}

TEST(PlanImport, NamesMayBeExchanged) {
  const auto made =
      plan({stored(kOne, "a"), stored(kTwo, "b")}, {wanted("b", kOne), wanted("a", kTwo)});
  ASSERT_TRUE(made);
  EXPECT_THAT(becomes(*made), ElementsAre(Becomes::kChanged, Becomes::kChanged));
}

}  // namespace
}  // namespace m3u_proxy::store
