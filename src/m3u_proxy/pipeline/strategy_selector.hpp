// StrategySelector: which of several strategies with the same result a stage begins with, by memory
// pressure and by what each would need.
//
//   Optimal, Moderate   any
//   High                those that stream
//   Critical            those that compress, or the native one
//   Emergency           the native one
//
// It never changes what is published. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

/// What the choice goes by.
struct StrategyOffer {
  std::string_view name;
  Bytes estimate{};  ///< peak memory beyond the live batches
  /// Up to this level it keeps its promise.
  memory::MemoryPressureLevel most = memory::MemoryPressureLevel::kEmergency;
  bool native = true;
  bool supports_streaming = true;
  bool supports_compression = false;
};

/// The offer of a strategy of our own.
StrategyOffer offer_of(const Strategy& strategy, const WorkEstimate& work);

enum class SelectionCriteria : std::uint8_t {
  kFastest,          ///< the first that will do, in the order they are offered
  kMemoryEfficient,  ///< of those that will do the one that needs least
  kConfigured,       ///< the first, as long as it keeps its promise at this level
};

struct Selection {
  std::size_t index = 0;
  std::string why;  ///< for the debug log
};

/// Chooses among `offers` (at least one; the fastest first). `room`: what the Budget would grant.
/// When none will do, the one that needs least.
Selection select_strategy(std::span<const StrategyOffer> offers, memory::MemoryPressureLevel level,
                          Bytes room, SelectionCriteria criteria = SelectionCriteria::kFastest);

}  // namespace m3u_proxy::pipeline
