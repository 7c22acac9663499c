// Pass: batches streaming through several stages at once, on as many threads as allowed, in order
// where a stage needs it.
//
// The number of live items bounds the memory of a pass. It is fixed while batches flow: when memory
// pressure changes it, or when there is no room for another item, the pass lets what is under way
// finish and goes on from there. Each step's processor time goes to its stage's account; the first
// error ends the pass.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <vector>

#include <m3u_proxy/pipeline/pass_engine.hpp>

namespace m3u_proxy::pipeline {

/// A part of a pass that belongs to one stage.
template <typename Item>
struct PassStep {
  Stage stage = Stage::kSourceLoading;
  bool parallel = false;  ///< else one item at a time, in order
  std::function<Result<>(Item&)> run;
};

/// `Item` is made of the run's SlabPool.
template <std::derived_from<PassItem> Item>
class Pass {
 public:
  /// Fills the next item; false at the end. Called by one thread at a time.
  using Input = std::function<Result<bool>(Item&)>;

  Pass(const RunContext& context, StageClock& clock)
      : engine_(context, clock,
                [slabs = context.slabs] { return std::make_unique<Item>(*slabs); }) {}

  /// Runs `input` and then `steps` on every item; looks at context.watch before each one. Errors:
  /// the first of any step; what is thrown as memory::OverBudget or std::bad_alloc becomes
  /// kOverBudget.
  Result<> run(Stage input_stage, const Input& input, const std::vector<PassStep<Item>>& steps) {
    std::vector<PassEngine::Step> plain;
    plain.reserve(steps.size());
    for (const PassStep<Item>& step : steps)
      plain.push_back(
          {.stage = step.stage, .parallel = step.parallel, .run = [&step](PassItem& item) {
             return step.run(static_cast<Item&>(item));
           }});
    return engine_.run(
        input_stage, [&input](PassItem& item) { return input(static_cast<Item&>(item)); }, plain);
  }

 private:
  PassEngine engine_;
};

}  // namespace m3u_proxy::pipeline
