#include <algorithm>
#include <cassert>
#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::pipeline {
namespace {

using memory::MemoryPressureLevel;

bool suits_level(const StrategyOffer& offer, MemoryPressureLevel level) {
  if (offer.most < level) return false;
  switch (level) {
    case MemoryPressureLevel::kHigh:
      return offer.supports_streaming;
    case MemoryPressureLevel::kCritical:
      return offer.native || offer.supports_compression;
    case MemoryPressureLevel::kEmergency:
      return offer.native;
    default:
      return true;
  }
}

std::size_t least_needing(std::span<const StrategyOffer> offers) {
  return static_cast<std::size_t>(std::ranges::min_element(offers, {}, &StrategyOffer::estimate) -
                                  offers.begin());
}

}  // namespace

StrategyOffer offer_of(const Strategy& strategy, const WorkEstimate& work) {
  StrategyOffer offer{.name = strategy.name(), .estimate = strategy.estimate_memory(work)};
  offer.most = MemoryPressureLevel::kOptimal;
  for (const auto level : {MemoryPressureLevel::kModerate, MemoryPressureLevel::kHigh,
                           MemoryPressureLevel::kCritical, MemoryPressureLevel::kEmergency}) {
    if (!strategy.can_handle_memory_pressure(level)) break;
    offer.most = level;
  }
  return offer;
}

Selection select_strategy(std::span<const StrategyOffer> offers, MemoryPressureLevel level,
                          Bytes room, SelectionCriteria criteria) {
  assert(!offers.empty());
  if (criteria == SelectionCriteria::kConfigured && suits_level(offers[0], level))
    return {.index = 0, .why = fmt::format("{}: configured", offers[0].name)};
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (!suits_level(offers[i], level) || offers[i].estimate > room) continue;
    if (!best || (criteria == SelectionCriteria::kMemoryEfficient &&
                  offers[i].estimate < offers[*best].estimate))
      best = i;
  }
  const auto explain = [&](std::size_t index, std::string_view reason) {
    return Selection{
        .index = index,
        .why = fmt::format("{}: {} at {} with room for {:.1f}MB, needs {:.1f}MB",
                           offers[index].name, reason, memory::to_string(level),
                           std::min(room, mib(1U << 20U)).mb(), offers[index].estimate.mb())};
  };
  if (!best) return explain(least_needing(offers), "none will do, this one needs least");
  if (offers.size() == 1) return explain(0, "the only one");
  return explain(*best, criteria == SelectionCriteria::kMemoryEfficient
                            ? "needs least"
                            : "the fastest that will do");
}

}  // namespace m3u_proxy::pipeline
