#include <m3u_proxy/jobs/file_take_over.hpp>
#include <m3u_proxy/jobs/jobs_testing.hpp>

namespace m3u_proxy::jobs::testing {
namespace {

using store::EntityKind;
using ::testing::HasSubstr;

class FileTakeOverTest : public JobsTest {
 protected:
  FileTakeOverTest() { channel_.bytes.back() = 7; }

  /// A file with a source, a proxy, and an edit for `proxy`; "": for all.
  Result<FileTakeOver> take_over(const std::string& proxy) {
    config::Configuration said;
    said.edits.push_back({.proxy = {.name = proxy}, .edit = {.channel = channel_, .name = "News"}});
    return take_over_file(*store_,
                          {.text = "[[sources]]\nname = \"tv\"\npath = \"tv.m3u\"\n"
                                   "[[proxies]]\nname = \"home\"\nsources = [\"tv\"]\n",
                           .file = "m3u-proxy.toml",
                           .folder = folder_.path()},
                          said, now());
  }

  Uuid channel_{};
};

TEST_F(FileTakeOverTest, WhatAFileSaysIsTheFiles) {
  const FileTakeOver taken = must(take_over("home"));
  EXPECT_EQ(taken.entities.added.size(), 2U);
  EXPECT_EQ(taken.edits, 1U);
  const store::Entity tv = must(store_->entities().find(EntityKind::kSource, "tv"));
  EXPECT_EQ(tv.managed_by, store::ManagedBy::kFile);
  EXPECT_THAT(tv.body, HasSubstr(file("tv.m3u").string()));
  const auto edit = must(store_->edits().find(channel_, proxy()));
  ASSERT_TRUE(edit);
  EXPECT_EQ(edit->name, "News");
  EXPECT_EQ(edit->managed_by, store::ManagedBy::kFile);

  const FileTakeOver again = must(take_over("home"));
  EXPECT_TRUE(again.entities.empty());
  EXPECT_EQ(again.edits, std::nullopt);
}

TEST_F(FileTakeOverTest, EditsForAProxyThatIsNotThereAreLeftOut) {
  const FileTakeOver taken = must(take_over("away"));
  EXPECT_EQ(taken.entities.added.size(), 2U);
  EXPECT_EQ(taken.edits, std::nullopt);
}

TEST_F(FileTakeOverTest, NothingIsTakenOverWhereAPersonMadeAnotherEdit) {
  must(store_->edits().put({.channel = channel_, .name = "Sport"}, now()));
  const auto taken = take_over("");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(must(store_->entities().list(EntityKind::kSource)).empty());
}

}  // namespace
}  // namespace m3u_proxy::jobs::testing
