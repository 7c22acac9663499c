#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/store/open/open_store.hpp>

namespace m3u_proxy::logos {
namespace {

constexpr std::string_view kPicture = "GIF89a and more";

class LogoLibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::open_store({.data = folder_.path(), .budget = &budget_});
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = *std::move(opened);
    library_.emplace(*store_, folder_ / "logos");
  }

  io::TestFolder folder_;
  memory::Budget budget_;
  std::unique_ptr<store::Store> store_;
  std::optional<LogoLibrary> library_;
};

TEST_F(LogoLibraryTest, WhatIsAddedCanBeListedOpenedAndRemoved) {
  const auto added = library_->add("News", kPicture, store::Time());
  ASSERT_TRUE(added) << to_string(added.error());
  EXPECT_EQ(added->mime, "image/gif");
  EXPECT_EQ(added->bytes, kPicture.size());
  ASSERT_EQ(library_->list()->size(), 1U);
  EXPECT_EQ(library_->find(added->id)->value().name, "News");
  EXPECT_EQ(library_->open(added->id)->bytes, kPicture.size());
  EXPECT_TRUE(library_->remove(added->id));
  EXPECT_EQ(library_->open(added->id).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(library_->remove(added->id).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(library_->list()->empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "logos"));
}

TEST_F(LogoLibraryTest, TheSamePictureTwiceIsTwoLogos) {
  const auto first = library_->add("A", kPicture, store::Time());
  const auto second = library_->add("A", kPicture, store::Time());
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id, second->id);
  EXPECT_TRUE(library_->remove(first->id));
  EXPECT_TRUE(library_->open(second->id));
}

TEST_F(LogoLibraryTest, RefusesWhatIsNoPictureTooLargeOrHasNoName) {
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>{"A", "<html>"},
                                    {"A", std::string(kPicture) + std::string(kLargestLogo, ' ')},
                                    {"", std::string(kPicture)},
                                    {"two\nlines", std::string(kPicture)},
                                    {"\xFF", std::string(kPicture)},
                                    {std::string(201, 'a'), std::string(kPicture)}})
    EXPECT_EQ(library_->add(name, bytes, store::Time()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(library_->list()->empty());
}

}  // namespace
}  // namespace m3u_proxy::logos
