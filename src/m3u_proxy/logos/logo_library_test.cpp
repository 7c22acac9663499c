#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/logos/logo_library.hpp>
#include <m3u_proxy/objects/folder_store.hpp>
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

/// Two replicas: one store of rows, a folder that both share, and a folder of each.
class SharedLogosTest : public LogoLibraryTest {
 protected:
  void SetUp() override {
    LogoLibraryTest::SetUp();
    std::filesystem::create_directory(folder_ / "shared");
    auto opened = objects::FolderStore::open(folder_ / "shared");
    ASSERT_TRUE(opened) << to_string(opened.error());
    shared_ = *std::move(opened);
    first_.emplace(*store_, folder_ / "first", shared_.get());
    second_.emplace(*store_, folder_ / "second", shared_.get());
  }
  [[nodiscard]] Uuid add(LogoLibrary& library) const {
    const auto added = library.add("News", kPicture, store::Time());
    EXPECT_TRUE(added) << to_string(added.error());
    return added->id;
  }
  [[nodiscard]] std::filesystem::path shared_file(const Uuid& id) const {
    return folder_ / "shared" / "logos" / to_string(id);
  }
  static void put(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  static void make_old(const std::filesystem::path& path, std::chrono::minutes age) {
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
  }
  static bool exists(const std::filesystem::path& path) { return std::filesystem::exists(path); }

  std::unique_ptr<objects::ObjectStore> shared_;
  std::optional<LogoLibrary> first_;
  std::optional<LogoLibrary> second_;
};

TEST_F(SharedLogosTest, WhatOneAddsTheOtherBringsAndWhatOneRemovesTheOtherRemoves) {
  const Uuid removed = add(*first_);
  const Uuid kept = add(*first_);
  ASSERT_TRUE(second_->catch_up());
  EXPECT_TRUE(second_->open(removed));
  EXPECT_TRUE(first_->remove(removed));
  EXPECT_FALSE(exists(shared_file(removed)));
  ASSERT_TRUE(second_->catch_up());
  EXPECT_EQ(second_->open(removed).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(second_->open(kept));
  // The last one too.
  EXPECT_TRUE(first_->remove(kept));
  ASSERT_TRUE(second_->catch_up());
  EXPECT_EQ(second_->open(kept).error().code, ErrorCode::kNotFound);
}

TEST_F(SharedLogosTest, OnlyFilesOfLogosAreRemoved) {
  const Uuid stray = add(*first_);
  ASSERT_TRUE(store_->logos().erase(stray));
  put(folder_ / "first" / "notes.txt", "mine");
  ASSERT_TRUE(first_->catch_up());
  EXPECT_FALSE(exists(folder_ / "first" / to_string(stray)));
  EXPECT_TRUE(exists(folder_ / "first" / "notes.txt"));
  // Alone, there is nobody who could have removed it.
  put(folder_ / "logos" / to_string(stray), kPicture);
  ASSERT_TRUE(library_->catch_up());
  EXPECT_TRUE(exists(folder_ / "logos" / to_string(stray)));
}

TEST_F(SharedLogosTest, WhatIsSharedAndNamedByNoRowGoesAfterAnHour) {
  using std::chrono::minutes;
  const Uuid named = add(*first_);
  const Uuid old = add(*first_);
  const Uuid young = add(*first_);
  ASSERT_TRUE(store_->logos().erase(old));
  ASSERT_TRUE(store_->logos().erase(young));
  put(folder_ / "shared" / "logos" / "notes.txt", "of somebody");
  make_old(folder_ / "shared" / "logos" / "notes.txt", minutes(70));
  make_old(shared_file(named), minutes(70));
  make_old(shared_file(old), minutes(70));
  make_old(shared_file(young), minutes(50));
  ASSERT_TRUE(second_->catch_up());
  EXPECT_TRUE(exists(shared_file(named)));
  EXPECT_FALSE(exists(shared_file(old)));
  EXPECT_TRUE(exists(shared_file(young)));
  EXPECT_TRUE(exists(folder_ / "shared" / "logos" / "notes.txt"));
}

TEST_F(SharedLogosTest, IsRemovedEvenWhenTheSharedPlaceIsAway) {
  const Uuid id = add(*first_);
  ASSERT_TRUE(second_->catch_up());
  // As a place that refuses: there is no file to unlink, but a folder.
  std::filesystem::remove(shared_file(id));
  put(shared_file(id) / "in the way", "");
  EXPECT_TRUE(first_->remove(id));
  EXPECT_TRUE(first_->list()->empty());
  // Away as a whole: what is removed is no more served, and without logos nothing is missed.
  std::filesystem::rename(folder_ / "shared", folder_ / "away");
  EXPECT_TRUE(second_->catch_up());
  EXPECT_EQ(second_->open(id).error().code, ErrorCode::kNotFound);
}

TEST_F(SharedLogosTest, WhatIsBeingAddedStays) {
  std::jthread other([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(first_->catch_up());
  });
  for (int i = 0; i < 50; ++i) {
    const Uuid id = add(*first_);
    EXPECT_TRUE(first_->open(id)) << i;
  }
}

TEST_F(SharedLogosTest, WhatIsDamagedIsNotTakenAndSharedAgainByWhoHasIt) {
  const Uuid id = add(*first_);
  put(shared_file(id), std::string(kPicture.substr(1)) + "x");
  EXPECT_EQ(second_->catch_up().error().code, ErrorCode::kParse);
  put(shared_file(id), kPicture.substr(0, 5));
  EXPECT_EQ(second_->catch_up().error().code, ErrorCode::kParse);
  put(shared_file(id), std::string(kLargestLogo + 1, 'x'));
  EXPECT_EQ(second_->catch_up().error().code, ErrorCode::kParse);
  EXPECT_EQ(second_->open(id).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(first_->catch_up());
  ASSERT_TRUE(second_->catch_up());
  EXPECT_EQ(second_->open(id)->bytes, kPicture.size());
}

TEST_F(SharedLogosTest, WhatIsNowhereIsWaitedForInVainOnlyForAWhile) {
  const Uuid id = add(*first_);
  std::filesystem::remove(shared_file(id));
  EXPECT_EQ(second_->catch_up().error().code, ErrorCode::kNotFound);
  LogoLibrary impatient(*store_, folder_ / "third", shared_.get(), std::chrono::seconds(0));
  EXPECT_TRUE(impatient.catch_up());
  // It is still looked for, and that the place itself is away is another matter.
  ASSERT_TRUE(first_->catch_up());
  EXPECT_TRUE(impatient.catch_up());
  EXPECT_TRUE(impatient.open(id));
  std::filesystem::remove(folder_ / "third" / to_string(id));
  std::filesystem::rename(folder_ / "shared", folder_ / "away");
  EXPECT_EQ(impatient.catch_up().error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace m3u_proxy::logos
