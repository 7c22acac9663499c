#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/objects/folder_store.hpp>

namespace m3u_proxy::objects {
namespace {

using ::testing::ElementsAre;

class FolderStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = FolderStore::open(folder_.path());
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
  }
  std::vector<std::string> keys(std::string_view prefix = "") {
    const auto listed = store_->list(prefix);
    EXPECT_TRUE(listed.has_value());
    std::vector<std::string> found;
    for (const StoredObject& object : *listed) found.push_back(object.key);
    return found;
  }

  io::TestFolder folder_;
  std::unique_ptr<FolderStore> store_;
};

TEST_F(FolderStoreTest, WhatIsPutCanBeGotListedReplacedAndRemoved) {
  EXPECT_TRUE(store_->put("sources/A/content", content_of("first"), nullptr));
  EXPECT_TRUE(store_->put("sources/A/content", content_of("second"), nullptr));
  EXPECT_TRUE(store_->put("logos/b", content_of(""), nullptr));
  EXPECT_EQ(*get_text(*store_, "sources/A/content", 100), "second");
  EXPECT_EQ(*get_text(*store_, "logos/b", 100), "");
  EXPECT_THAT(keys(), ElementsAre("logos/b", "sources/A/content"));
  EXPECT_THAT(keys("sources/"), ElementsAre("sources/A/content"));
  EXPECT_EQ(store_->list("sources/")->front().bytes, 6U);
  EXPECT_TRUE(store_->remove("sources/A/content"));
  EXPECT_TRUE(store_->remove("sources/A/content"));
  EXPECT_EQ(get_text(*store_, "sources/A/content", 100).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "sources"));
  EXPECT_TRUE(keys("sources/").empty());
}

TEST_F(FolderStoreTest, LongContentGoesInPieces) {
  const std::string text(300'000, 'x');
  EXPECT_TRUE(store_->put("a", content_of(text), nullptr));
  EXPECT_EQ(*get_text(*store_, "a", text.size()), text);
  EXPECT_EQ(get_text(*store_, "a", text.size() - 1).error().code, ErrorCode::kParse);
}

TEST_F(FolderStoreTest, WhatBreaksOffLeavesWhatWasThere) {
  EXPECT_TRUE(store_->put("a", content_of("old"), nullptr));
  const Content shorter{.bytes = 10, .read = content_of("new").read};
  EXPECT_EQ(store_->put("a", shorter, nullptr).error().code, ErrorCode::kIo);
  CancelToken cancelled;
  cancelled.cancel();
  EXPECT_EQ(store_->put("a", content_of("newer"), &cancelled).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(*get_text(*store_, "a", 100), "old");
  EXPECT_THAT(keys(), ElementsAre("a"));
}

TEST_F(FolderStoreTest, KeysLeadNowhereElse) {
  for (const std::string_view key : {"", "../a", "a/../../b", "/a", "a//b", "a b", "a/"})
    EXPECT_EQ(store_->put(key, content_of("x"), nullptr).error().code, ErrorCode::kInvalidArgument)
        << key;
}

TEST_F(FolderStoreTest, AFolderThatIsNotThereIsRefusedAndAnErrorLaterOn) {
  const auto missing = FolderStore::open(folder_ / "missing");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
  EXPECT_FALSE(missing.error().hint.empty());
  std::filesystem::remove(folder_.path());
  EXPECT_EQ(store_->put("a", content_of("x"), nullptr).error().code, ErrorCode::kIo);
  EXPECT_EQ(get_text(*store_, "a", 100).error().code, ErrorCode::kIo);
  EXPECT_EQ(store_->list("sources/").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace m3u_proxy::objects
