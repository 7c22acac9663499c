#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::pipeline {
namespace {

using enum memory::MemoryPressureLevel;
using ::testing::HasSubstr;

std::vector<StrategyOffer> storage() {
  return {{.name = "standard", .estimate = mib(260), .most = kOptimal},
          {.name = "compressed", .estimate = mib(70), .most = kModerate},
          {.name = "spill", .estimate = mib(1)}};
}

TEST(StrategySelector, TheFastestThatFitsIsTaken) {
  EXPECT_EQ(select_strategy(storage(), kOptimal, mib(300)).index, 0U);
  EXPECT_EQ(select_strategy(storage(), kOptimal, mib(100)).index, 1U);
  EXPECT_EQ(select_strategy(storage(), kOptimal, mib(10)).index, 2U);
}

TEST(StrategySelector, PressureRulesOutWhatDoesNotKeepItsPromise) {
  EXPECT_EQ(select_strategy(storage(), kModerate, mib(300)).index, 1U);
  EXPECT_EQ(select_strategy(storage(), kHigh, mib(300)).index, 2U);
}

TEST(StrategySelector, WhenNoneWillDoTheOneThatNeedsLeastIs) {
  const Selection chosen = select_strategy(storage(), kEmergency, Bytes{});
  EXPECT_EQ(chosen.index, 2U);
  EXPECT_THAT(chosen.why, HasSubstr("none will do"));
}

TEST(StrategySelector, PluginsAreChosenByWhatTheySupport) {
  const std::vector<StrategyOffer> offers = {
      {.name = "buffering", .native = false, .supports_streaming = false},
      {.name = "streaming", .native = false},
      {.name = "compressing", .native = false, .supports_compression = true},
      {.name = "standard"}};
  EXPECT_EQ(select_strategy(offers, kOptimal, mib(1)).index, 0U);
  EXPECT_EQ(select_strategy(offers, kHigh, mib(1)).index, 1U);
  EXPECT_EQ(select_strategy(offers, kCritical, mib(1)).index, 2U);
  EXPECT_EQ(select_strategy(offers, kEmergency, mib(1)).index, 3U);
}

TEST(StrategySelector, MemoryEfficientTakesTheOneThatNeedsLeast) {
  EXPECT_EQ(
      select_strategy(storage(), kOptimal, mib(300), SelectionCriteria::kMemoryEfficient).index,
      2U);
}

TEST(StrategySelector, ConfiguredStaysWithTheFirstAsLongAsItKeepsItsPromise) {
  EXPECT_EQ(select_strategy(storage(), kOptimal, mib(1), SelectionCriteria::kConfigured).index, 0U);
  EXPECT_EQ(select_strategy(storage(), kHigh, mib(1), SelectionCriteria::kConfigured).index, 2U);
}

struct Item {};

class Streaming final : public StageStrategy<Item> {
 public:
  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(Item& /*item*/) override { return {}; }
};

TEST(StrategySelector, OurOwnStagesKeepTheirPromiseAtEveryLevel) {
  const StrategyOffer offer = offer_of(Streaming(), {});
  EXPECT_EQ(offer.most, kEmergency);
  EXPECT_EQ(offer.estimate, Bytes{});
  EXPECT_EQ(offer.name, "standard");
  const Selection chosen = select_strategy({&offer, 1}, kEmergency, Bytes{});
  EXPECT_EQ(chosen.why, "standard: the only one at Emergency with room for 0.0MB, needs 0.0MB");
}

}  // namespace
}  // namespace m3u_proxy::pipeline
