#include <array>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/plugin_host/host_services.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kInvalid = static_cast<std::int32_t>(HostResult::kInvalid);
constexpr auto kNotFound = static_cast<std::int32_t>(HostResult::kNotFound);

class HostServicesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(log::configure("plugins=debug"));
    log::set_writer([this](std::string_view line) { lines_.emplace_back(line); });
    options_ = {.plugin = "tester",
                .permissions = plugins::default_permissions(),
                .budget = &budget_,
                .spill = &spill_,
                .temp_quota = quota_of({10}),
                .now = 1'790'000'000};
  }
  void TearDown() override {
    log::set_writer({});
    ASSERT_TRUE(log::configure(""));
  }
  static std::shared_ptr<memory::Budget> quota_of(Bytes size) {
    return std::make_shared<memory::Budget>(size);
  }
  /// What is in a temporary file from `offset` on, up to `size` bytes.
  static std::string read(HostServices& host, std::string_view name, std::int64_t offset = 0,
                          std::size_t size = 100) {
    std::vector<std::uint8_t> out(size);
    const std::int32_t count = host.temp_read(name, offset, out);
    if (count < 0) return "error";
    return {out.begin(), out.begin() + count};
  }
  static std::string config(HostServices& host, std::string_view key, std::size_t room = 100) {
    std::vector<std::uint8_t> out(room);
    const std::int32_t size = host.get_config(key, out);
    if (size < 0) return "none";
    return {out.begin(), out.begin() + std::min<std::ptrdiff_t>(size, std::ssize(out))};
  }

  io::TestFolder folder_;
  memory::Budget budget_;
  spill::SpillSpace spill_{{.folder = folder_.path(), .tmpfs = io::TempFolder::Tmpfs::kAllow}};
  HostServices::Options options_;
  std::vector<std::string> lines_;
};

TEST_F(HostServicesTest, AWrittenFileReplacesTheOneBeforeAndAnAppendedOneGrows) {
  HostServices host(options_);
  EXPECT_EQ(host.temp_write("a", "12345"), HostResult::kOk);
  EXPECT_EQ(host.temp_write("a", "abc"), HostResult::kOk);
  EXPECT_EQ(read(host, "a"), "abc");
  EXPECT_EQ(host.temp_append("a", "def"), HostResult::kOk);
  EXPECT_EQ(host.temp_append("new", "x"), HostResult::kOk);
  EXPECT_EQ(read(host, "a"), "abcdef");
  EXPECT_EQ(read(host, "new"), "x");
}

TEST_F(HostServicesTest, AFileIsReadFromAnyPlaceAndEndsWithNothing) {
  HostServices host(options_);
  ASSERT_EQ(host.temp_write("a", "0123456789"), HostResult::kOk);
  EXPECT_EQ(read(host, "a", 3, 4), "3456");
  EXPECT_EQ(read(host, "a", 10), "");
  EXPECT_EQ(read(host, "a", std::numeric_limits<std::int64_t>::max()), "error");
  std::array<std::uint8_t, 4> out{};
  EXPECT_EQ(host.temp_read("a", -1, out), kInvalid);
  EXPECT_EQ(host.temp_read("b", 0, out), kNotFound);
}

TEST_F(HostServicesTest, TheQuotaIsOfAllFilesTogetherAndARefusedWriteChangesNothing) {
  HostServices host(options_);
  ASSERT_EQ(host.temp_write("a", "123456"), HostResult::kOk);
  EXPECT_EQ(host.temp_write("b", "12345"), HostResult::kQuota);
  EXPECT_EQ(host.temp_append("a", "12345"), HostResult::kQuota);
  EXPECT_EQ(host.temp_write("a", "12345678901"), HostResult::kQuota);
  EXPECT_EQ(read(host, "a"), "123456");
  EXPECT_EQ(host.temp_write("b", "1234"), HostResult::kOk);
}

TEST_F(HostServicesTest, TheQuotaIsOfAllInstancesOfAPlugin) {
  HostServices host(options_);
  {
    HostServices other(options_);
    ASSERT_EQ(host.temp_write("a", "123456"), HostResult::kOk);
    ASSERT_EQ(other.temp_write("a", "1234"), HostResult::kOk);
    EXPECT_EQ(host.temp_append("a", "7"), HostResult::kQuota);
    EXPECT_EQ(other.temp_write("a", "12345"), HostResult::kQuota);
    EXPECT_EQ(other.temp_write("a", "1"), HostResult::kOk);
    EXPECT_EQ(host.temp_append("a", "789"), HostResult::kOk);
  }
  EXPECT_EQ(host.temp_append("a", "0"), HostResult::kOk);  // the other's are gone with it
  EXPECT_EQ(host.temp_append("a", "1"), HostResult::kQuota);
}

TEST_F(HostServicesTest, NoFileIsWrittenOrReadOnceTheCallIsLate) {
  options_.temp_quota = quota_of(mib(64));
  HostServices host(options_);
  const std::string large(mib(3).count, 'x');
  ASSERT_EQ(host.temp_write("a", large), HostResult::kOk);
  EXPECT_EQ(read(host, "a", 0, large.size()), large);
  host.set_deadline(std::chrono::steady_clock::now());
  EXPECT_EQ(host.temp_append("a", large), HostResult::kIo);
  std::array<std::uint8_t, 4> out{};
  EXPECT_EQ(host.temp_read("a", 0, out), static_cast<std::int32_t>(HostResult::kIo));
  host.set_deadline(std::chrono::steady_clock::time_point::max());
  EXPECT_EQ(host.temp_append("a", "end"), HostResult::kOk);
  EXPECT_EQ(read(host, "a", static_cast<std::int64_t>(large.size()), 9), "end");
}

TEST_F(HostServicesTest, WhatAFileLosesIsRoomForOthers) {
  HostServices host(options_);
  ASSERT_EQ(host.temp_write("a", "1234567890"), HostResult::kOk);
  ASSERT_EQ(host.temp_write("a", "1"), HostResult::kOk);
  ASSERT_EQ(host.temp_write("b", "123456789"), HostResult::kOk);
  EXPECT_EQ(host.temp_delete("b"), HostResult::kOk);
  EXPECT_EQ(host.temp_delete("b"), HostResult::kNotFound);
  EXPECT_EQ(host.temp_write("c", "123456789"), HostResult::kOk);
  EXPECT_EQ(spill_.stats().live, 10U);
}

TEST_F(HostServicesTest, ThereAreAsManyFilesAsAProcessCanHaveOpen) {
  HostServices host(options_);
  for (int i = 0; i < 128; ++i)
    ASSERT_EQ(host.temp_write("f" + std::to_string(i), ""), HostResult::kOk);
  EXPECT_EQ(host.temp_write("more", ""), HostResult::kQuota);
  EXPECT_EQ(host.temp_write("f0", "again"), HostResult::kOk);
}

TEST_F(HostServicesTest, NamesAreOfLettersDigitsDotsAndDashes) {
  HostServices host(options_);
  EXPECT_EQ(host.temp_write("A-z_0.9", "1"), HostResult::kOk);
  EXPECT_EQ(host.temp_write(std::string(64, 'a'), "1"), HostResult::kOk);
  std::array<std::uint8_t, 4> out{};
  for (const std::string& name : {std::string(), std::string("../a"), std::string("a b"),
                                  std::string("a\0b", 3), std::string("ä"), std::string(65, 'a')}) {
    EXPECT_EQ(host.temp_write(name, "1"), HostResult::kInvalid) << name;
    EXPECT_EQ(host.temp_append(name, "1"), HostResult::kInvalid) << name;
    EXPECT_EQ(host.temp_delete(name), HostResult::kInvalid) << name;
    EXPECT_EQ(host.temp_read(name, 0, out), kInvalid) << name;
  }
}

TEST_F(HostServicesTest, TemporaryFilesAreAccountedAndGoneWithTheirOwner) {
  {
    HostServices host(options_);
    ASSERT_EQ(host.temp_write("a", "12345"), HostResult::kOk);
    EXPECT_EQ(spill_.stats().live, 5U);
    EXPECT_THAT(io::open_files_in(folder_.path()), SizeIs(1));
    host.drop_temp_files();
    EXPECT_EQ(spill_.stats().live, 0U);
    EXPECT_THAT(io::open_files_in(folder_.path()), IsEmpty());
    ASSERT_EQ(host.temp_write("a", "1234567890"), HostResult::kOk);
  }
  EXPECT_EQ(spill_.stats().live, 0U);
  EXPECT_THAT(io::open_files_in(folder_.path()), IsEmpty());
}

TEST_F(HostServicesTest, AFullDiskIsToldApartFromTheQuota) {
  spill::SpillSpace small(
      {.folder = folder_.path(), .max = {4}, .tmpfs = io::TempFolder::Tmpfs::kAllow});
  options_.spill = &small;
  HostServices host(options_);
  EXPECT_EQ(host.temp_write("a", "12345"), HostResult::kDiskFull);
  EXPECT_EQ(host.temp_write("a", "1234"), HostResult::kOk);
  EXPECT_EQ(host.temp_append("a", "5"), HostResult::kDiskFull);
  EXPECT_EQ(read(host, "a"), "1234");
}

TEST_F(HostServicesTest, WithoutADiskThereAreNoTemporaryFiles) {
  options_.spill = nullptr;
  HostServices host(options_);
  EXPECT_EQ(host.temp_write("a", "1"), HostResult::kDenied);
}

TEST_F(HostServicesTest, ARunBeginsWithoutWhatTheLastOneLeft) {
  HostServices host(options_);
  std::array<std::uint8_t, 8> first{};
  host.random(first);
  host.temp_write("a", "1");
  host.record_metric("m", 1);
  host.log(0, "reason");
  host.begin_run(5, &spill_);
  std::array<std::uint8_t, 8> second{};
  host.random(second);
  EXPECT_EQ(second, first);
  EXPECT_EQ(read(host, "a"), "error");
  EXPECT_THAT(host.metrics(), IsEmpty());
  EXPECT_EQ(host.take_error(), "");
  EXPECT_EQ(host.clock(), 5'000'000'000);
}

TEST_F(HostServicesTest, AConfigurationGivesTextsAsTheyAreAndTheRestAsJson) {
  options_.config_json = R"({"text":"a \"b\"","number":3,"list":[1,"x"],"off":false,"ä":"ö"})";
  HostServices host(options_);
  EXPECT_EQ(config(host, "text"), "a \"b\"");
  EXPECT_EQ(config(host, "number"), "3");
  EXPECT_EQ(config(host, "list"), R"([1,"x"])");
  EXPECT_EQ(config(host, "off"), "false");
  EXPECT_EQ(config(host, "ä"), "ö");
  EXPECT_EQ(config(host, "Text"), "none");
  EXPECT_EQ(config(host, "text", 3), "a \"");
  EXPECT_EQ(host.get_config("text", {}), 5);
}

TEST_F(HostServicesTest, TheLastValueOfAMetricCountsAndThereAreAtMost64) {
  HostServices host(options_);
  for (int i = 0; i < 100; ++i) host.record_metric("m" + std::to_string(i), i);
  host.record_metric("m0", 7.5);
  host.record_metric("m1", std::numeric_limits<double>::infinity());
  host.record_metric("a name", 1);
  EXPECT_THAT(host.metrics(), SizeIs(64));
  EXPECT_EQ(host.metrics().at("m0"), 7.5);
  EXPECT_EQ(host.metrics().at("m1"), 1);
}

TEST_F(HostServicesTest, TheClockStandsStillUnlessTheRealOneIsAllowed) {
  EXPECT_EQ(HostServices(options_).clock(), 1'790'000'000'000'000'000);
  options_.permissions.add(plugins::Permission::kClock);
  EXPECT_NE(HostServices(options_).clock(), 1'790'000'000'000'000'000);
}

TEST_F(HostServicesTest, RandomNumbersRepeatUnlessRealOnesAreAllowed) {
  const auto numbers = [this] {
    HostServices host(options_);
    std::vector<std::uint8_t> out(32);
    host.random(out);
    return out;
  };
  EXPECT_EQ(numbers(), numbers());
  options_.permissions.add(plugins::Permission::kRandom);
  EXPECT_NE(numbers(), numbers());
}

TEST_F(HostServicesTest, ALineOfTheLogNamesThePluginAndIsOneLine) {
  HostServices host(options_);
  host.log(1, "first\nsecond\x1b[31m\n");
  host.log(3, "gr\xfc\xdf");
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_[0], EndsWith("tester: first second [31m"));
  EXPECT_THAT(lines_[1], EndsWith("tester: gr??"));
}

TEST_F(HostServicesTest, ALongLineIsCutBetweenTwoCharacters) {
  HostServices host(options_);
  host.log(0, std::string(4095, 'a') + "ü" + "b");
  EXPECT_EQ(host.take_error(), std::string(4095, 'a'));
}

TEST_F(HostServicesTest, WithoutPermissionNothingIsLoggedButTheReasonOfAFailureIsKept) {
  options_.permissions = {};
  HostServices host(options_);
  host.log(2, "something");
  host.log(0, "the reason");
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_EQ(host.take_error(), "the reason");
  EXPECT_EQ(host.take_error(), "");
}

TEST_F(HostServicesTest, WhatIsPrintedIsLoggedLineByLine) {
  HostServices host(options_);
  host.print("one ");
  host.print("line\nand");
  host.print(" another\n\n");
  EXPECT_THAT(lines_, ElementsAre(EndsWith("tester: one line"), EndsWith("tester: and another"),
                                  EndsWith("tester: ")));
}

TEST_F(HostServicesTest, APrintedLineWithoutAnEndIsCutSoThatItDoesNotGrow) {
  HostServices host(options_);
  host.print(std::string(10'000, 'x') + "\n");
  ASSERT_THAT(lines_, SizeIs(3));
  EXPECT_THAT(lines_[0], EndsWith(": " + std::string(4096, 'x')));
  EXPECT_THAT(lines_[2], EndsWith(": " + std::string(1808, 'x')));
}

TEST_F(HostServicesTest, PressureAndMemoryAreThoseOfTheHost) {
  auto level = memory::MemoryPressureLevel::kOptimal;
  bool asked = false;
  options_.pressure = [&level] { return level; };
  options_.request_cleanup = [&asked] { asked = true; };
  HostServices host(options_);
  level = memory::MemoryPressureLevel::kCritical;
  EXPECT_EQ(host.memory_pressure(), memory::MemoryPressureLevel::kCritical);
  const auto held = budget_.reserve(memory::Tag::kSpool, {1234});
  EXPECT_EQ(host.memory_usage(), 1234U);
  host.request_cleanup();
  EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
