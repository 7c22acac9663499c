// StageStrategy: one way to do one stage of a generation, and what flows through the stages.
//
// A stage may have several strategies that give the same result; the pipeline chooses one by
// memory pressure at the start of the stage. Several stages run in one streaming pass: an item
// goes through them in order, on whatever thread is free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/base/bytes.hpp>
#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/pressure.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::spill {
class SpillSpace;
}

namespace m3u_proxy::pipeline {

/// The stages of a generation, in order.
enum class Stage : std::uint8_t {
  kSourceLoading,
  kDataMapping,
  kFiltering,
  kLogoCaching,
  kChannelNumbering,
  kM3uGeneration,
  kEpgGeneration,
};
constexpr std::size_t kStageCount = 7;
/// "Source Loading" …
std::string_view to_string(Stage stage);

/// Told how far a stage is; called from one thread at a time, a few times a second at most.
class ProgressListener {
 public:
  ProgressListener() = default;
  ProgressListener(const ProgressListener&) = delete;
  ProgressListener& operator=(const ProgressListener&) = delete;
  virtual ~ProgressListener() = default;
  /// `items` channels or programmes so far; `done` of `total` stored bytes (0: not known).
  virtual void on_progress(std::string_view stage, std::uint64_t items, std::uint64_t done,
                           std::uint64_t total) = 0;
};

class PressureWatch;

/// What every part of a run shares. Lives as long as the run; the budget and the pool are
/// thread-safe, the rest is constant.
struct RunContext {
  memory::Budget* budget = nullptr;
  memory::SlabPool* slabs = nullptr;
  spill::SpillSpace* spill = nullptr;  ///< may be nullptr: everything stays in memory
  PressureWatch* watch = nullptr;      ///< may be nullptr: nothing follows memory pressure
  const CancelToken* cancel = nullptr;
  ProgressListener* progress = nullptr;  ///< may be nullptr
  std::size_t threads = 1;               ///< ≥ 1
  std::size_t batch_rows = 1000;         ///< ≥ 1
  std::int64_t now = 0;                  ///< seconds since 1970, `--now`
};

/// What a strategy is asked to plan for.
struct WorkEstimate {
  std::uint64_t items = 0;        ///< channels or programmes expected
  std::uint64_t input_bytes = 0;  ///< inflated bytes expected
  std::size_t live_batches = 1;
};

/// What is known of a strategy without knowing what it works on.
class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;

  /// "standard", or the plugin's name: the word in the generation tree.
  [[nodiscard]] virtual std::string_view name() const { return "standard"; }
  /// Whether it keeps its promise at this level of pressure, and the peak memory it needs for this
  /// work beyond the batches that are alive. Asked only where several strategies could do a stage's
  /// work (strategy_selector.hpp). One that streams batch by batch, as ours do, need not say more.
  [[nodiscard]] virtual bool can_handle_memory_pressure(
      memory::MemoryPressureLevel /*level*/) const {
    return true;
  }
  [[nodiscard]] virtual Bytes estimate_memory(const WorkEstimate& /*work*/) const { return {}; }
  /// Whether several threads may call process() at once, on different items.
  [[nodiscard]] virtual bool parallel() const = 0;
};

/// A strategy whose stage works on items of one kind.
template <typename Item>
class StageStrategy : public Strategy {
 public:
  /// Does the stage's work on one item. Serial strategies get the items in order.
  virtual Result<> process(Item& item) = 0;
  /// After the last item: puts what was held back into `item`, which is empty; false at the end.
  virtual Result<bool> flush(Item& /*item*/) { return false; }
};

}  // namespace m3u_proxy::pipeline
