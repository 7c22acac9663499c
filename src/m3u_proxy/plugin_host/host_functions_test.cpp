// What a module reaches of the host through WASI.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_host/plugin_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

class HostFunctions : public testing::Test {
 protected:
  void SetUp() override { options_.budget = &budget_; }
  Result<std::unique_ptr<PluginInstance>> create(const TestModule& module) {
    M3U_TRY(const auto linked, link_text(module.text()));
    return PluginInstance::create(linked, manifest_, options_);
  }

  memory::Budget budget_;
  InstanceOptions options_;
  plugins::Manifest manifest_;
};

/// A module that calls a function of WASI at each chunk; its result is the first byte of the chunk.
TestModule with_wasi(std::string_view function, std::string_view type, std::string_view arguments) {
  TestModule module;
  module.imports =
      fmt::format("(import \"wasi_snapshot_preview1\" \"{0}\" (func ${0} {1}))", function, type);
  module.process = fmt::format(
      "(i32.store (local.get $in) (call ${} {}))"
      "(return (call $give_back (local.get $in) (local.get $size)))",
      function, arguments);
  return module;
}

/// What a chunk of 64 zeros becomes.
std::vector<std::uint8_t> answer_of(PluginInstance& plugin) {
  EXPECT_TRUE(plugin.begin(plugins::PluginStage::kDataMapping, "{}"));
  const auto answer = plugin.process_chunk(std::vector<std::uint8_t>(64));
  EXPECT_TRUE(answer) << to_string(answer.error());
  return answer ? std::vector<std::uint8_t>(answer->bytes.begin(), answer->bytes.end())
                : std::vector<std::uint8_t>();
}

TEST_F(HostFunctions, RandomNumbersAndTheClockAreTheSameInEachInstance) {
  options_.now = 1'790'000'000;
  for (const TestModule& module :
       {with_wasi("random_get", "(param i32 i32) (result i32)",
                  "(i32.add (local.get $in) (i32.const 8)) (i32.const 16)"),
        with_wasi("clock_time_get", "(param i32 i64 i32) (result i32)",
                  "(i32.const 0) (i64.const 1) (i32.add (local.get $in) (i32.const 8))")}) {
    const auto one = create(module);
    const auto two = create(module);
    ASSERT_TRUE(one && two) << to_string(one.error());
    const auto answer = answer_of(**one);
    EXPECT_EQ(answer, answer_of(**two));
    EXPECT_EQ(answer.front(), 0);
    EXPECT_NE(answer, std::vector<std::uint8_t>(64));
  }
}

TEST_F(HostFunctions, WasiWritesNoMoreThan64KiBAtOnceAndSaysHowMuch) {
  options_.max_memory = mib(64);
  // A list of 1000 buffers of 50000 bytes, from 131072 on.
  TestModule many = with_wasi("fd_write", "(param i32 i32 i32 i32) (result i32)", "");
  many.process =
      "(drop (memory.grow (i32.const 4)))"
      "(loop $next (i32.store (i32.add (i32.const 131072) (i32.shl (local.get $i) (i32.const 3)))"
      "  (i32.const 65536))"
      " (i32.store offset=4 (i32.add (i32.const 131072) (i32.shl (local.get $i) (i32.const 3)))"
      "  (i32.const 50000))"
      " (local.set $i (i32.add (local.get $i) (i32.const 1)))"
      " (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))"
      "(i32.store (local.get $in) (call $fd_write (i32.const 1) (i32.const 131072)"
      " (i32.const 1000) (i32.add (local.get $in) (i32.const 8))))"
      "(return (call $give_back (local.get $in) (local.get $size)))";
  const auto plugin = create(many);
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  const auto answer = answer_of(**plugin);
  EXPECT_EQ(answer[0], 0);
  EXPECT_EQ(answer[8] | (answer[9] << 8U) | (answer[10] << 16U), 65536);
}

TEST_F(HostFunctions, WasiRefusesWhatWouldKeepTheHostBusy) {
  constexpr std::uint8_t kInvalid = 28;
  const auto random = create(with_wasi("random_get", "(param i32 i32) (result i32)",
                                       "(i32.const 65536) (i32.const 65537)"));
  ASSERT_TRUE(random) << to_string(random.error());
  const auto write = create(with_wasi("fd_write", "(param i32 i32 i32 i32) (result i32)",
                                      "(i32.const 1) (i32.const 65536) (i32.const 1025) "
                                      "(i32.const 16)"));
  ASSERT_TRUE(write) << to_string(write.error());
  EXPECT_EQ(answer_of(**random).front(), kInvalid);
  EXPECT_EQ(answer_of(**write).front(), kInvalid);
}

TEST_F(HostFunctions, WasiHasNoFilesAndNothingToAskFor) {
  constexpr std::uint8_t kBadDescriptor = 8;
  constexpr std::uint8_t kNotSupported = 52;
  const auto file = create(with_wasi("fd_write", "(param i32 i32 i32 i32) (result i32)",
                                     "(i32.const 3) (i32.const 0) (i32.const 0) (i32.const 16)"));
  const auto socket = create(with_wasi("sock_accept", "(param i32 i32 i32) (result i32)",
                                       "(i32.const 0) (i32.const 0) (i32.const 16)"));
  ASSERT_TRUE(file && socket);
  EXPECT_EQ(answer_of(**file).front(), kBadDescriptor);
  EXPECT_EQ(answer_of(**socket).front(), kNotSupported);
}

TEST_F(HostFunctions, WhatIsPrintedGoesToTheLog) {
  ASSERT_TRUE(log::configure("plugins=info"));
  std::vector<std::string> lines;
  log::set_writer([&lines](std::string_view line) { lines.emplace_back(line); });
  TestModule module = with_wasi("fd_write", "(param i32 i32 i32 i32) (result i32)",
                                "(i32.const 1) (i32.const 256) (i32.const 2) (i32.const 16)");
  module.more =
      "(data (i32.const 200) \"hello\\n\")"
      "(data (i32.const 256) \"\\c8\\00\\00\\00\\02\\00\\00\\00\\ca\\00\\00\\00\\04\\00\\00\\00\")";
  options_.permissions.add(plugins::Permission::kLog);
  manifest_.name = "printer";
  const auto plugin = create(module);
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  answer_of(**plugin);
  log::set_writer({});
  ASSERT_TRUE(log::configure(""));
  EXPECT_THAT(lines, ElementsAre(EndsWith("printer: hello")));
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
