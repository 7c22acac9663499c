// HeldBack: what a plugin holds back until m3u_finalize, and what is needed to do its work again.
//
// An accumulating plugin that may be replaced has everything it was given and everything it gives
// kept in Spools: only when it has ended well is it known that nothing has to be done again.
// One thread at a time, but for move_down().
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include <m3u_proxy/plugin_host/stage_plugin.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::plugin_host {

class HeldBack {
 public:
  using Chunk = std::span<const std::uint8_t>;

  /// `work` outlives it. `all_or_nothing`: no chunk of a streaming plugin can be done again alone.
  explicit HeldBack(StagePlugin& work, bool all_or_nothing = false)
      : work_(work),
        memory_(*work.run().info.context->budget, memory::Tag::kBatch),
        scratch_(&memory_) {
    if (!(work.accumulates() || all_or_nothing) || !work.falls_back()) return;
    const pipeline::RunContext& context = *work.run().info.context;
    given_.emplace(*context.slabs, spill::Spool::Options{.space = context.spill});
    results_.emplace(*context.slabs, spill::Spool::Options{.space = context.spill});
  }

  /// Whether chunks have to be kept before they are given to the plugin.
  [[nodiscard]] bool keeps_chunks() const { return given_.has_value(); }
  /// Before a chunk is given to the plugin.
  Result<> keep(Chunk chunk) {
    return given_ ? given_->append(given_->pack(chunk, scratch_)) : Result<>();
  }
  /// Whether results wait here until all are there; add() takes them.
  [[nodiscard]] bool holds_results() const { return results_.has_value(); }
  Result<> add(Chunk result) { return results_->append(results_->pack(result, scratch_)); }
  /// The plugin failed: everything it took is done again at the end.
  void give_up() { gave_up_ = true; }
  [[nodiscard]] bool gave_up() const { return gave_up_; }

  /// After the last chunk. Calls `use(bytes, again)` with the next thing: what m3u_finalize gave,
  /// once `check(bytes)` was content, or (`again`) a chunk that is to be done by the native
  /// strategy. False at the end.
  template <typename Check, typename Use>
  Result<bool> next(const Check& check, const Use& use) {
    if (!results_) return next_from_plugin(check, use);
    if (!finalized_) M3U_CHECK(collect(check));
    spill::Spool& from = gave_up_ ? *given_ : *results_;
    if (next_ == from.frames()) {
      from.clear();
      next_ = 0;
      return false;
    }
    M3U_TRY(const Chunk bytes, from.read(next_++, scratch_));
    if (gave_up_) work_.count_replaced();
    M3U_CHECK(use(bytes, gave_up_));
    return true;
  }

  /// As Spool::move_down(). Thread-safe.
  void move_down(memory::StorageLevel kind) {
    if (given_) given_->move_down(kind);
    if (results_) results_->move_down(kind);
  }

 private:
  template <typename Check, typename Use>
  Result<bool> next_from_plugin(const Check& check, const Use& use) {
    if (finalized_) return false;
    M3U_TRY(const auto finalized, work_.finalize([&](Chunk answer) -> Result<> {
      M3U_CHECK(check(answer));
      return use(answer, false);
    }));
    // What a streaming plugin might still have given is lost with it; nothing of the sources is.
    finalized_ = finalized != StagePlugin::Finalized::kBatch;
    return !finalized_;
  }

  template <typename Check>
  Result<> collect(const Check& check) {
    finalized_ = true;
    while (!gave_up_) {
      M3U_TRY(const auto finalized, work_.finalize([&](Chunk answer) -> Result<> {
        M3U_CHECK(check(answer));
        return add(answer);
      }));
      if (finalized == StagePlugin::Finalized::kDone) {
        given_->clear();
        return {};
      }
      gave_up_ = finalized == StagePlugin::Finalized::kFailed;
    }
    results_->clear();
    return {};
  }

  StagePlugin& work_;
  bool gave_up_ = false;
  bool finalized_ = false;
  std::optional<spill::Spool> given_;
  std::optional<spill::Spool> results_;
  std::size_t next_ = 0;
  memory::BudgetResource memory_;
  std::pmr::vector<std::uint8_t> scratch_;
};

}  // namespace m3u_proxy::plugin_host
