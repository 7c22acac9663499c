// One instance of a module that breaks a rule: a clear error, in time, and a host that is fine.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/plugin_host/plugin_instance.hpp>
#include <m3u_proxy/plugin_host/plugin_testing.hpp>

namespace m3u_proxy::plugin_host {
namespace {

using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class PluginInstanceTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.budget = &budget_;
    catalog::ChannelBatch batch(slabs_);
    for (int i = 0; i < 100; ++i) {
      const std::size_t row = batch.add_row(0);
      batch.set_text(catalog::ChannelField::kChannelName, row, "Channel");
      batch.set_text(catalog::ChannelField::kStreamUrl, row, "http://h/1");
    }
    catalog::FrameBuilder builder(budget_);
    const auto frame = builder.build(batch);
    chunk_.assign(frame.begin(), frame.end());
  }

  /// One of sdk/samples/misbehaving, with its own manifest.
  Result<std::unique_ptr<PluginInstance>> open(const std::string& name,
                                               const std::string& config = "{}") {
    M3U_TRY(manifest_, plugins::read_manifest(misbehaving(name + ".toml")));
    options_.permissions = manifest_.needs;
    options_.config_json = config;
    return create(read_file(misbehaving(name + ".wat")));
  }
  Result<std::unique_ptr<PluginInstance>> create(const std::string& text) {
    M3U_TRY(const auto module, link_text(text));
    return PluginInstance::create(module, manifest_, options_);
  }
  /// All calls of a generation with one chunk, up to one that fails.
  Result<> generate(PluginInstance& plugin) {
    M3U_CHECK(plugin.info());
    M3U_CHECK(plugin.begin(plugins::PluginStage::kDataMapping, "{}"));
    M3U_CHECK(plugin.process_chunk(chunk_));
    M3U_CHECK(plugin.finalize());
    return plugin.cleanup();
  }
  /// The error that a misbehaving plugin ends with; "" when it gets through.
  std::string reason(const std::string& name, const std::string& config = "{}") {
    auto plugin = open(name, config);
    const Result<> done = plugin ? generate(**plugin) : fail(plugin.error());
    broken_ = plugin && (*plugin)->broken();
    if (done) return {};
    EXPECT_EQ(done.error().code, ErrorCode::kPlugin);
    return done.error().message;
  }

  memory::Budget budget_;
  memory::SlabPool slabs_{budget_};
  InstanceOptions options_;
  plugins::Manifest manifest_;
  std::vector<std::uint8_t> chunk_;
  bool broken_ = false;
};

struct Misbehaviour {
  std::string name;
  std::string config;
  std::string reason;  // how the message begins
  bool broken;         // whether the instance can't be used any more
};

// NOLINTNEXTLINE(readability-identifier-naming): the name that GoogleTest looks for
void PrintTo(const Misbehaviour& misbehaviour, std::ostream* out) {
  *out << misbehaviour.name << ' ' << misbehaviour.config;
}

class Misbehaving : public PluginInstanceTest, public testing::WithParamInterface<Misbehaviour> {};

TEST_P(Misbehaving, IsAnErrorWithItsReasonAndTheHostGoesOn) {
  EXPECT_THAT(reason(GetParam().name, GetParam().config), StartsWith(GetParam().reason));
  EXPECT_EQ(broken_, GetParam().broken);
  EXPECT_EQ(budget_.used(memory::Tag::kPlugin), Bytes{});
  EXPECT_EQ(reason("leak"), "");
}

INSTANTIATE_TEST_SUITE_P(
    All, Misbehaving,
    testing::Values(
        Misbehaviour{"alloc_null", "{}", "it has no memory for a buffer of 6752 bytes", false},
        Misbehaviour{"alloc_outside", "{}", "m3u_alloc(6752) gave 4294967280, which is no buffer",
                     true},
        Misbehaviour{"alloc_over_the_end", "{}", "m3u_alloc(", true},
        Misbehaviour{"alloc_unaligned", "{}", "m3u_alloc(6752) gave 65537, which is no buffer",
                     true},
        Misbehaviour{"bad_info", "{}", "m3u_info: ", false},
        Misbehaviour{"done_too_early", "{}",
                     "m3u_process_chunk gave 2, which only m3u_finalize may", true},
        Misbehaviour{"lies_about_sizes", R"({"kind":0})",
                     "m3u_process_chunk answered with 2147483647 bytes at", true},
        Misbehaviour{"lies_about_sizes", R"({"kind":1})", "m3u_process_chunk answered with", true},
        Misbehaviour{"lies_about_sizes", R"({"kind":2})",
                     "m3u_process_chunk answered with 4294967295 bytes at", true},
        Misbehaviour{"lies_about_sizes", R"({"kind":3})",
                     "m3u_process_chunk answered with 32 bytes at", true},
        Misbehaviour{"lies_about_sizes", R"({"kind":4})",
                     "m3u_process_chunk answered with 256 bytes at 4294967040", true},
        Misbehaviour{"recursion", "{}", "its stack is full", true},
        Misbehaviour{"refuse", R"({"chunk":0})", "this channel list is not to my taste", false},
        Misbehaviour{"trap", R"({"chunk":0})", "it gave up (unreachable)", true},
        Misbehaviour{"trap_in_cleanup", "{}", "it gave up (unreachable)", true},
        Misbehaviour{"unknown_result", "{}", "m3u_process_chunk gave 7, which means nothing", true},
        Misbehaviour{"wrong_abi", "{}", "it is made for version 99 of the ABI, not for 1", false},
        Misbehaviour{"missing_export", "{}",
                     "it does not export m3u_process_chunk with the type (i32, i32, i32) -> i32",
                     false},
        Misbehaviour{"wrong_signature", "{}",
                     "it does not export m3u_process_chunk with the type (i32, i32, i32) -> i32",
                     false},
        Misbehaviour{"unknown_import", "{}",
                     "it imports \"open_socket\", which the host does not have", false}),
    [](const auto& param) {
      std::string name = param.param.name;
      for (const char c : param.param.config)
        if (c >= '0' && c <= '9') name += '_' + std::string(1, c);
      return name;
    });

TEST_F(PluginInstanceTest, WhatMayNotBeDoneIsToldToThePluginAndDoesNotHurtIt) {
  EXPECT_EQ(reason("asks_without_permission"), "");
  EXPECT_EQ(reason("wrong_arguments"), "");
}

TEST_F(PluginInstanceTest, ACallThatNeverEndsIsStoppedAtItsDeadline) {
  options_.call_timeout = std::chrono::milliseconds(100);
  const auto begin = Clock::now();
  EXPECT_EQ(reason("spin"), "it took too long and was stopped");
  EXPECT_TRUE(broken_);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(5));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(100));
}

TEST_F(PluginInstanceTest, AnInitializerOrStartFunctionThatNeverEndsIsStoppedToo) {
  options_.call_timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(reason("spin_in_start"), "it took too long and was stopped");
  const auto plugin =
      create("(module (memory (export \"memory\") 1) (func $f (loop $l (br $l))) (start $f))");
  ASSERT_FALSE(plugin);
  EXPECT_EQ(plugin.error().message, "it took too long and was stopped");
  EXPECT_EQ(budget_.used(memory::Tag::kPlugin), Bytes{});
}

TEST_F(PluginInstanceTest, AllCallsOfAGenerationTogetherHaveADeadline) {
  options_.total_timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(reason("spin"), "it took too long and was stopped");
}

TEST_F(PluginInstanceTest, ARequestToStopStopsACallThatNeverEnds) {
  CancelToken cancel;
  options_.cancel = &cancel;
  options_.call_timeout = options_.total_timeout = std::chrono::minutes(5);
  // The request comes while the call is under way.
  options_.pressure = [&cancel] {
    cancel.cancel();
    return memory::MemoryPressureLevel::kOptimal;
  };
  options_.permissions.add(plugins::Permission::kMemoryPressure);
  TestModule module;
  module.imports = R"((import "m3u_proxy" "memory_pressure" (func $ask (result i32))))";
  module.process = "(drop (call $ask)) (loop $forever (br $forever)) (i32.const 1)";
  auto plugin = create(module.text());
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  ASSERT_TRUE((*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
  const auto answer = (*plugin)->process_chunk(chunk_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE((*plugin)->broken());
}

TEST_F(PluginInstanceTest, AfterARequestToStopNothingIsCalledAnyMore) {
  CancelToken cancel;
  options_.cancel = &cancel;
  auto plugin = open("spin");
  ASSERT_TRUE(plugin && (*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
  cancel.cancel();
  const auto answer = (*plugin)->process_chunk(chunk_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kCancelled);
}

TEST_F(PluginInstanceTest, AFunctionThatWasiDoesNotHaveIsRefusedUnlessItGivesANumber) {
  const auto import = [](std::string_view type) {
    return link_text(
        fmt::format(R"((module (import "wasi_snapshot_preview1" "made_up" (func {}))))", type));
  };
  EXPECT_TRUE(import("(param i32 i64) (result i32)"));
  EXPECT_TRUE(import("(param f64)"));
  for (const std::string_view type :
       {"(result funcref)", "(param i64) (result funcref)", "(param externref) (result i32)",
        "(result i64)", "(result i32 i32)"})
    EXPECT_FALSE(import(type)) << type;
}

TEST_F(PluginInstanceTest, WhatIsBrokenAnswersNothingAnyMore) {
  auto plugin = open("trap", R"({"chunk":0})");
  ASSERT_TRUE(plugin && (*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
  ASSERT_FALSE((*plugin)->process_chunk(chunk_));
  const auto again = (*plugin)->process_chunk(chunk_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "it broke before");
}

TEST_F(PluginInstanceTest, MemoryGrowsToItsLimitAndNotBeyond) {
  options_.max_memory = mib(8);
  auto plugin = open("grow");
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  const auto done = generate(**plugin);
  EXPECT_TRUE(done) << to_string(done.error());
  EXPECT_EQ((*plugin)->memory_size(), mib(8));
  EXPECT_EQ(budget_.used(memory::Tag::kPlugin), mib(8));
  EXPECT_FALSE((*plugin)->starved());
  plugin->reset();
  EXPECT_EQ(budget_.used(memory::Tag::kPlugin), Bytes{});
}

TEST_F(PluginInstanceTest, MemoryThatTheBudgetRefusesIsRefusedInThePlugin) {
  memory::Budget small(mib(4));
  options_.budget = &small;
  options_.max_memory = mib(64);
  auto plugin = open("grow");
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  const auto done = generate(**plugin);
  EXPECT_TRUE(done) << to_string(done.error());
  EXPECT_EQ((*plugin)->memory_size(), mib(4));
  EXPECT_TRUE((*plugin)->starved());
  plugin->reset();
  EXPECT_EQ(small.used(), Bytes{});
}

TEST_F(PluginInstanceTest, AFirstMemoryThatHasNoRoomIsTheLimitsFault) {
  memory::Budget small({.count = 65536});
  options_.budget = &small;
  const auto plugin = open("leak");
  ASSERT_FALSE(plugin);
  EXPECT_EQ(plugin.error().code, ErrorCode::kOverBudget);
  EXPECT_EQ(small.used(), Bytes{});
}

TEST_F(PluginInstanceTest, AFirstMemoryAboveThePluginsLimitIsThePluginsFault) {
  const auto plugin = create("(module (memory (export \"memory\") 2000))");
  ASSERT_FALSE(plugin);
  EXPECT_EQ(plugin.error().code, ErrorCode::kPlugin);
  EXPECT_EQ(budget_.used(), budget_.used(memory::Tag::kBatch));
}

TEST_F(PluginInstanceTest, ABufferThatTheBudgetHasNoRoomForIsTheLimitsFault) {
  memory::Budget small(mib(1));
  options_.budget = &small;
  auto plugin = create(TestModule{}.text());
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  ASSERT_TRUE((*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
  const auto answer = (*plugin)->process_chunk(std::vector<std::uint8_t>(2U << 20U));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kOverBudget);
  EXPECT_TRUE((*plugin)->starved());
  EXPECT_FALSE((*plugin)->broken());
  EXPECT_TRUE((*plugin)->process_chunk(chunk_));
}

TEST_F(PluginInstanceTest, AModuleWithTwoMemoriesOrWithNoneIsRefused) {
  EXPECT_FALSE(create("(module (memory (export \"memory\") 1) (memory 1))"));
  const auto none = create("(module)");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "it does not export its memory");
}

TEST_F(PluginInstanceTest, BytesThatAreNoModuleAreRefused) {
  const auto module = link_text("this is no module");
  ASSERT_FALSE(module);
  EXPECT_EQ(module.error().code, ErrorCode::kPlugin);
  EXPECT_THAT(module.error().message, StartsWith("it is no WebAssembly module: "));
  const auto binary = link_text(std::string_view("\0asm\1\0\0\0\xff\xff", 10));
  ASSERT_FALSE(binary);
  EXPECT_THAT(binary.error().message, StartsWith("it does not compile: "));
}

TEST_F(PluginInstanceTest, AnAnswerToPressureThatIsNeither0Nor1IsRefused) {
  auto plugin = create(TestModule{.pressure = "(i32.const 2)"}.text());
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  const auto answer = (*plugin)->can_handle_memory_pressure(memory::MemoryPressureLevel::kCritical);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "m3u_can_handle_memory_pressure gave 2, neither 0 nor 1");
  EXPECT_TRUE((*plugin)->broken());
}

TEST_F(PluginInstanceTest, ThePluginsOwnWordsAreTheReasonOfItsTrap) {
  auto plugin = create(TestModule{.process = "(drop (call $fail)) (unreachable)"}.text());
  ASSERT_TRUE(plugin && (*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
  const auto answer = (*plugin)->process_chunk(chunk_);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "this is not to my taste (it gave up (unreachable))");
}

TEST_F(PluginInstanceTest, WhatAccumulatesGivesAllOfItInOrder) {
  auto plugin = create(TestModule::accumulating("test").text());
  ASSERT_TRUE(plugin) << to_string(plugin.error());
  for (int generation = 0; generation < 2; ++generation) {
    ASSERT_TRUE((*plugin)->begin(plugins::PluginStage::kDataMapping, "{}"));
    for (std::uint8_t i = 0; i < 5; ++i) {
      const auto answer = (*plugin)->process_chunk(std::vector<std::uint8_t>(100, i));
      ASSERT_TRUE(answer) << to_string(answer.error());
      EXPECT_EQ(answer->kind, AnswerKind::kNone);
    }
    for (std::uint8_t i = 0; i < 5; ++i) {
      const auto answer = (*plugin)->finalize();
      ASSERT_TRUE(answer && answer->kind == AnswerKind::kBatch);
      EXPECT_EQ(std::vector<std::uint8_t>(answer->bytes.begin(), answer->bytes.end()),
                std::vector<std::uint8_t>(100, i));
    }
    const auto end = (*plugin)->finalize();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->kind, AnswerKind::kDone);
    ASSERT_TRUE((*plugin)->cleanup());
  }
}

}  // namespace
}  // namespace m3u_proxy::plugin_host
