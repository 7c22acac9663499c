// Pass: batches streaming through several stages at once, on as many threads as allowed, in order
// where a stage needs it.
//
// The number of live items bounds the memory of a pass. It is fixed while batches flow: when memory
// pressure changes it, or when there is no room for another item, the pass lets what is under way
// finish and goes on from there. Each step's processor time goes to its stage's account; the first
// error ends the pass.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

/// Processor time per stage; thread-safe.
class StageClock {
 public:
  void add(Stage stage, std::chrono::nanoseconds time) {
    nanoseconds_[static_cast<std::size_t>(stage)].fetch_add(time.count(),
                                                            std::memory_order_relaxed);
  }
  /// Shares `wall` among the stages in proportion to the time they took since the last call.
  void share_out(std::chrono::nanoseconds wall);
  /// The wall time shared out to a stage so far.
  [[nodiscard]] std::chrono::nanoseconds wall(Stage stage) const {
    return wall_[static_cast<std::size_t>(stage)];
  }
  void add_wall(Stage stage, std::chrono::nanoseconds time) {
    wall_[static_cast<std::size_t>(stage)] += time;
  }

 private:
  std::array<std::atomic<std::int64_t>, kStageCount> nanoseconds_{};
  std::array<std::chrono::nanoseconds, kStageCount> wall_{};
};

/// A part of a pass that belongs to one stage.
struct PassStep {
  Stage stage = Stage::kSourceLoading;
  bool parallel = false;  ///< else one item at a time, in order
  std::function<Result<>(StageItem&)> run;
};

class Pass {
 public:
  /// Fills the next item; false at the end. Called by one thread at a time.
  using Input = std::function<Result<bool>(StageItem&)>;

  Pass(const RunContext& context, StageClock& clock) : context_(context), clock_(clock) {}

  /// Runs `input` and then `steps` on every item; looks at context.watch before each one. Errors:
  /// the first of any step; what is thrown as memory::OverBudget or std::bad_alloc becomes
  /// kOverBudget.
  Result<> run(Stage input_stage, const Input& input, const std::vector<PassStep>& steps);

 private:
  struct Work {
    Stage input_stage;
    const Input& input;
    const std::vector<PassStep>& steps;
  };
  /// Does the whole pass where it has only one item (false); else what it filled waits in ahead_.
  bool run_alone(const Work& work);
  /// Each runs until the end (false) or until the number of live items has to change (true).
  bool run_serial(const Work& work);
  bool run_parallel(const Work& work, std::size_t live);
  /// The next item of a parallel pass; nullptr at its end, or when the number of live items has to
  /// change (`changes`).
  StageItem* next_of_parallel(const Work& work, std::size_t live, bool& changes);
  [[nodiscard]] std::size_t live_wanted() const;
  [[nodiscard]] bool has_room_for_another() const;
  bool fill(const Work& work, StageItem& item);
  void step(const PassStep& step, StageItem& item);
  void record(Error error);
  StageItem* take_item();
  StageItem* next_ahead();
  void give_back(StageItem* item);

  const RunContext& context_;
  StageClock& clock_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
  std::vector<std::unique_ptr<StageItem>> items_;
  std::vector<StageItem*> free_;
  std::vector<StageItem*> ahead_;     // filled, in order, and not yet worked on
  std::size_t most_live_ = SIZE_MAX;  // there was no room for more
};

}  // namespace m3u_proxy::pipeline
