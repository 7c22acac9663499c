// ChannelChain: the steps that one pass takes a generation's channels through, the stages'
// strategies and what is done between them.
#pragma once

#include <vector>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/pipeline/pass.hpp>

namespace m3u_proxy::generation {

/// Built step by step, then run once. Not thread-safe.
class ChannelChain {
 public:
  using Run = std::function<Result<>(channels::ChannelItem&)>;
  using Input = pipeline::Pass<channels::ChannelItem>::Input;

  explicit ChannelChain(GenerationScope& scope) : scope_(&scope) {}

  /// Adds what does the work of a stage: `native`, and plugins beside it or in its place. Errors:
  /// as StagePlugins::strategies().
  Result<> add_stage(pipeline::Stage stage, channels::ChannelStrategy& native);
  /// Adds work of our own, whose time is the stage's: on several items at once, or in order.
  void add_parallel(pipeline::Stage stage, Run run) { add(stage, true, std::move(run)); }
  void add_serial(pipeline::Stage stage, Run run) { add(stage, false, std::move(run)); }

  /// Runs the pass, and then what strategies hold back through the steps behind them. `input`
  /// fills an item that is cleared. Errors: as pipeline::Pass::run().
  Result<> run(pipeline::Stage input_stage, const Input& input) const;

 private:
  /// A step that may hold rows back.
  struct Holder {
    channels::ChannelStrategy* strategy;
    std::size_t step;
  };
  void add(pipeline::Stage stage, bool parallel, Run run) {
    steps_.push_back({.stage = stage, .parallel = parallel, .run = std::move(run)});
  }
  void begin_item(channels::ChannelItem& item) const;
  Result<> flush(const Holder& holder) const;

  GenerationScope* scope_;
  std::vector<pipeline::PassStep<channels::ChannelItem>> steps_;
  std::vector<Holder> holders_;
};

}  // namespace m3u_proxy::generation
