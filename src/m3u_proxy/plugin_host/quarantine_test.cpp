#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/plugin_host/quarantine.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class QuarantineTest : public testing::Test {
 protected:
  void write(std::string_view text) const { std::ofstream(file_) << text; }
  /// So that it is seen, however coarse the file system's times are.
  void make_later() const {
    std::filesystem::last_write_time(
        file_, std::filesystem::last_write_time(file_) + std::chrono::seconds(2));
  }

  io::TestFolder folder_;
  std::filesystem::path file_ = folder_ / "quarantine.json";
};

TEST_F(QuarantineTest, FailuresAddUpUntilThereAreTooMany) {
  Quarantine quarantine(file_, 3);
  ASSERT_TRUE(quarantine.note("a", "key", 2, "first"));
  EXPECT_EQ(quarantine.find("a", "key"), nullptr);
  ASSERT_TRUE(quarantine.note("a", "key", 1, "second"));
  ASSERT_NE(quarantine.find("a", "key"), nullptr);
  EXPECT_EQ(quarantine.find("a", "key")->failures, 3U);
  EXPECT_EQ(quarantine.find("a", "key")->reason, "second");
  EXPECT_EQ(quarantine.find("b", "key"), nullptr);
}

TEST_F(QuarantineTest, AGenerationWithoutFailuresBeginsAnew) {
  Quarantine quarantine(file_, 3);
  ASSERT_TRUE(quarantine.note("a", "key", 2, "bad"));
  ASSERT_TRUE(quarantine.note("a", "key", 0, ""));
  ASSERT_TRUE(quarantine.note("a", "key", 2, "bad"));
  EXPECT_EQ(quarantine.find("a", "key"), nullptr);
}

TEST_F(QuarantineTest, AnotherContentBeginsAnew) {
  Quarantine quarantine(file_, 2);
  ASSERT_TRUE(quarantine.note("a", "old", 2, "bad"));
  EXPECT_NE(quarantine.find("a", "old"), nullptr);
  EXPECT_EQ(quarantine.find("a", "new"), nullptr);
  ASSERT_TRUE(quarantine.note("a", "new", 1, "bad"));
  EXPECT_EQ(quarantine.records().at("a").failures, 1U);
}

TEST_F(QuarantineTest, WithoutALimitNobodyIsEverInIt) {
  Quarantine quarantine(file_, 0);
  ASSERT_TRUE(quarantine.note("a", "key", 1000, "bad"));
  EXPECT_EQ(quarantine.find("a", "key"), nullptr);
}

TEST_F(QuarantineTest, AnotherProcessKnowsOfIt) {
  {
    Quarantine quarantine(file_, 3);
    ASSERT_TRUE(quarantine.note("a", "key", 3, "it said \"no\"\n\xff"));
  }
  const Quarantine again(file_, 3);
  ASSERT_NE(again.find("a", "key"), nullptr);
  EXPECT_EQ(again.find("a", "key")->reason, "it said \"no\"\n\xef\xbf\xbd");
}

TEST_F(QuarantineTest, WhoIsClearedMayRunAgainAndThatIsKept) {
  Quarantine quarantine(file_, 3);
  ASSERT_TRUE(quarantine.note("a", "key", 3, "bad"));
  EXPECT_EQ(quarantine.clear("b").value_or(true), false);
  EXPECT_EQ(quarantine.clear("a").value_or(false), true);
  EXPECT_EQ(quarantine.find("a", "key"), nullptr);
  EXPECT_THAT(Quarantine(file_, 3).records(), IsEmpty());
}

TEST_F(QuarantineTest, WhatAnotherProcessClearsIsSeenAtTheNextLook) {
  Quarantine quarantine(file_, 3);
  ASSERT_TRUE(quarantine.note("a", "key", 3, "bad"));
  quarantine.refresh();
  EXPECT_NE(quarantine.find("a", "key"), nullptr);
  ASSERT_TRUE(Quarantine(file_, 3).clear("a"));
  make_later();
  quarantine.refresh();
  EXPECT_EQ(quarantine.find("a", "key"), nullptr);
}

TEST_F(QuarantineTest, AFileThatIsDamagedOrMissingIsEmpty) {
  EXPECT_THAT(Quarantine(file_, 3).records(), IsEmpty());
  for (const std::string_view text : {"", "no json", "[]", R"({"a":7})", R"({"a":{}})",
                                      R"({"a":{"failures":-1}})", R"({"a":{"failures":"3"}})"}) {
    write(text);
    EXPECT_THAT(Quarantine(file_, 3).records(), IsEmpty()) << text;
  }
  write(R"({"a":{"failures":3,"content":7},"b":null})");
  EXPECT_THAT(Quarantine(file_, 3).records(), SizeIs(1));
}

TEST_F(QuarantineTest, WithoutAFileItIsKeptInMemory) {
  Quarantine quarantine({}, 1);
  ASSERT_TRUE(quarantine.note("a", "key", 1, "bad"));
  quarantine.refresh();
  EXPECT_NE(quarantine.find("a", "key"), nullptr);
}

TEST_F(QuarantineTest, AFileThatCannotBeWrittenIsAnErrorAndItHoldsForThisProcess) {
  Quarantine quarantine(folder_ / "missing/quarantine.json", 1);
  EXPECT_FALSE(quarantine.note("a", "key", 1, "bad"));
  quarantine.refresh();
  EXPECT_NE(quarantine.find("a", "key"), nullptr);
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
