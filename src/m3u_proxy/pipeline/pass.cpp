#include <utility>

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/pipeline/pass.hpp>

namespace m3u_proxy::pipeline {
namespace {

/// Live items per thread: one that is worked on and one that waits for its turn.
constexpr std::size_t kItemsPerThread = 2;

}  // namespace

void StageClock::share_out(std::chrono::nanoseconds wall) {
  std::int64_t total = 0;
  for (const auto& time : nanoseconds_) total += time.load();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const std::int64_t time = nanoseconds_[i].exchange(0);
    if (total == 0) continue;
    wall_[i] += std::chrono::nanoseconds(
        static_cast<std::int64_t>(static_cast<double>(wall.count()) * static_cast<double>(time) /
                                  static_cast<double>(total)));
  }
}

Result<> Pass::run(Stage input_stage, const Input& input, const std::vector<PassStep>& steps) {
  const auto begin = std::chrono::steady_clock::now();
  if (context_.threads > 1)
    run_parallel(input_stage, input, steps);
  else
    run_serial(input_stage, input, steps);
  clock_.share_out(std::chrono::steady_clock::now() - begin);
  items_.clear();
  free_.clear();
  if (error_) return fail(*std::move(error_));
  return {};
}

bool Pass::fill(Stage stage, const Input& input, StageItem& item) {
  if (failed_.load(std::memory_order_relaxed)) return false;
  const auto begin = memory::thread_cpu_time();
  const auto filled = memory::guarded([&] { return input(item); });
  clock_.add(stage, memory::thread_cpu_time() - begin);
  if (!filled) record(filled.error());
  return filled && *filled;
}

void Pass::step(const PassStep& step, StageItem& item) {
  if (failed_.load(std::memory_order_relaxed)) return;
  const auto begin = memory::thread_cpu_time();
  const auto done = memory::guarded([&] { return step.run(item); });
  clock_.add(step.stage, memory::thread_cpu_time() - begin);
  if (!done) record(done.error());
}

void Pass::run_serial(Stage input_stage, const Input& input, const std::vector<PassStep>& steps) {
  StageItem* item = take_item();
  while (fill(input_stage, input, *item))
    for (const PassStep& each : steps) step(each, *item);
}

void Pass::run_parallel(Stage input_stage, const Input& input, const std::vector<PassStep>& steps) {
  using Filter = tbb::filter<StageItem*, StageItem*>;
  const auto source = tbb::make_filter<void, StageItem*>(
      tbb::filter_mode::serial_in_order, [&](tbb::flow_control& flow) -> StageItem* {
        StageItem* item = take_item();
        if (fill(input_stage, input, *item)) return item;
        flow.stop();
        return nullptr;
      });
  const auto sink = tbb::make_filter<StageItem*, void>(
      tbb::filter_mode::parallel, [this](StageItem* item) { give_back(item); });
  // Neighbouring steps of one kind share a filter: an item changes hands less often.
  std::optional<Filter> middle;
  for (std::size_t first = 0; first < steps.size();) {
    std::size_t last = first;
    while (last < steps.size() && steps[last].parallel == steps[first].parallel) ++last;
    const auto mode =
        steps[first].parallel ? tbb::filter_mode::parallel : tbb::filter_mode::serial_in_order;
    const auto run_group = [this, &steps, first, last](StageItem* item) {
      for (std::size_t i = first; i < last; ++i) step(steps[i], *item);
      return item;
    };
    const auto filter = tbb::make_filter<StageItem*, StageItem*>(mode, run_group);
    middle = middle ? *middle & filter : filter;
    first = last;
  }
  const auto whole = middle ? source & *middle & sink : source & sink;
  tbb::task_arena arena(static_cast<int>(context_.threads));
  arena.execute([&] { tbb::parallel_pipeline(context_.threads * kItemsPerThread, whole); });
}

void Pass::record(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  failed_ = true;
}

StageItem* Pass::take_item() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    items_.push_back(std::make_unique<StageItem>(*context_.slabs));
    return items_.back().get();
  }
  StageItem* item = free_.back();
  free_.pop_back();
  return item;
}

void Pass::give_back(StageItem* item) {
  const std::lock_guard lock(mutex_);
  free_.push_back(item);
}

}  // namespace m3u_proxy::pipeline
