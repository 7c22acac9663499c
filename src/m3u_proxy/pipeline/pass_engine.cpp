#include <algorithm>
#include <utility>

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <m3u_proxy/base/hand_over.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/pipeline/pass_engine.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::pipeline {
namespace {

/// Live items per thread: one that is worked on and one that waits for its turn.
constexpr std::size_t kItemsPerThread = 2;

}  // namespace

Result<> PassEngine::run(Stage input_stage, const Input& input, const std::vector<Step>& steps) {
  const auto begin = std::chrono::steady_clock::now();
  const Work work{.input_stage = input_stage, .input = input, .steps = steps};
  bool more = live_wanted() <= 1 || run_alone(work);
  while (more) {
    const std::size_t live = live_wanted();
    more = live > 1 ? run_parallel(work, live) : run_serial(work);
    // Items hold what the largest batch needed; fewer or smaller ones begin anew.
    free_.clear();
    items_.clear();
  }
  clock_.share_out(std::chrono::steady_clock::now() - begin);
  if (error_) return fail(*std::move(error_));
  return {};
}

std::size_t PassEngine::live_wanted() const {
  if (context_.threads <= 1) return 1;
  const std::size_t wanted = context_.watch != nullptr ? context_.watch->policy().live_batches
                                                       : context_.threads * kItemsPerThread;
  return std::min(wanted, most_live_);
}

/// Whether the Budget has room for an item as large as those there are.
bool PassEngine::has_room_for_another() const {
  if (items_.empty()) return true;
  const memory::Budget& budget = *context_.budget;
  const Bytes held = budget.used(memory::Tag::kBatch) + budget.used(memory::Tag::kInput) +
                     budget.used(memory::Tag::kOutput);
  const Bytes wanted = held / items_.size();
  const Bytes kept = budget.used(memory::Tag::kPool);  // given up when it is asked for
  return wanted <= kept || budget.has_room(wanted - kept);
}

bool PassEngine::fill(const Work& work, PassItem& item) {
  if (failed_.load(std::memory_order_relaxed)) return false;
  const auto begin = memory::thread_cpu_time();
  const auto filled = memory::guarded([&] { return work.input(item); });
  clock_.add(work.input_stage, memory::thread_cpu_time() - begin);
  if (!filled) record(filled.error());
  return filled && *filled;
}

void PassEngine::step(const Step& step, PassItem& item) {
  if (failed_.load(std::memory_order_relaxed)) return;
  const auto begin = memory::thread_cpu_time();
  const auto done = memory::guarded([&] { return step.run(item); });
  clock_.add(step.stage, memory::thread_cpu_time() - begin);
  if (!done) record(done.error());
}

/// Starting other threads takes longer than one batch: a pass of one item goes without them.
bool PassEngine::run_alone(const Work& work) {
  if (context_.watch != nullptr) context_.watch->check(work.input_stage);
  PassItem* const first = take_item();
  if (!fill(work, *first)) return false;
  ahead_ = {first};
  PassItem* const second = take_item();
  if (second == nullptr) return true;
  if (fill(work, *second)) {
    ahead_.push_back(second);
    return true;
  }
  ahead_.clear();
  for (const Step& each : work.steps) step(each, *first);
  return false;
}

PassItem* PassEngine::next_ahead() {
  if (ahead_.empty()) return nullptr;
  PassItem* const item = ahead_.front();
  ahead_.erase(ahead_.begin());
  return item;
}

bool PassEngine::run_serial(const Work& work) {
  while (PassItem* const item = next_ahead())
    for (const Step& each : work.steps) step(each, *item);
  free_.clear();
  items_.clear();
  PassItem* item = take_item();
  while (true) {
    if (context_.watch != nullptr) context_.watch->check(work.input_stage);
    if (live_wanted() > 1) return true;
    if (!fill(work, *item)) return false;
    for (const Step& each : work.steps) step(each, *item);
  }
}

PassItem* PassEngine::next_of_parallel(const Work& work, std::size_t live, bool& changes) {
  if (PassItem* const ready = next_ahead()) {
    hand_over(ready);
    return ready;
  }
  if (context_.watch != nullptr) context_.watch->check(work.input_stage);
  PassItem* const item = live_wanted() == live ? take_item() : nullptr;
  changes = item == nullptr;
  const HandOver with(item);
  return item != nullptr && fill(work, *item) ? item : nullptr;
}

bool PassEngine::run_parallel(const Work& work, std::size_t live) {
  using Filter = tbb::filter<PassItem*, PassItem*>;
  bool changes = false;
  const auto source = tbb::make_filter<void, PassItem*>(
      tbb::filter_mode::serial_in_order, [&](tbb::flow_control& flow) -> PassItem* {
        const HandOver turn(&work);
        PassItem* const item = next_of_parallel(work, live, changes);
        if (item == nullptr) flow.stop();
        return item;
      });
  const auto sink =
      tbb::make_filter<PassItem*, void>(tbb::filter_mode::parallel, [this](PassItem* item) {
        take_over(item);
        give_back(item);
        hand_over(this);
      });
  // Neighbouring steps of one kind share a filter: an item changes hands less often.
  std::optional<Filter> middle;
  const std::vector<Step>& steps = work.steps;
  for (std::size_t first = 0; first < steps.size();) {
    std::size_t last = first;
    while (last < steps.size() && steps[last].parallel == steps[first].parallel) ++last;
    const auto mode =
        steps[first].parallel ? tbb::filter_mode::parallel : tbb::filter_mode::serial_in_order;
    const auto run_group = [this, &steps, first, last](PassItem* item) {
      const HandOver with(item);
      std::optional<HandOver> turn;
      if (!steps[first].parallel) turn.emplace(&steps[first]);
      for (std::size_t i = first; i < last; ++i) step(steps[i], *item);
      return item;
    };
    const auto filter = tbb::make_filter<PassItem*, PassItem*>(mode, run_group);
    middle = middle ? *middle & filter : filter;
    first = last;
  }
  const auto whole = middle ? source & *middle & sink : source & sink;
  // As many workers as asked for, also beyond what the machine has cores.
  const tbb::global_control workers(tbb::global_control::max_allowed_parallelism, context_.threads);
  tbb::task_arena arena(static_cast<int>(context_.threads));
  hand_over(&work);
  for (const Step& each : steps) hand_over(&each);
  arena.execute([&] { tbb::parallel_pipeline(live, whole); });
  take_over(this);
  take_over(&work);
  for (const Step& each : steps) take_over(&each);
  for (const auto& item : items_) take_over(item.get());
  return changes;
}

void PassEngine::record(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  failed_ = true;
}

/// A free item or a new one; nullptr when there is no room for another.
PassItem* PassEngine::take_item() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) {
    if (!has_room_for_another()) {
      most_live_ = items_.size();
      return nullptr;
    }
    items_.push_back(make_item_());
    return items_.back().get();
  }
  PassItem* item = free_.back();
  free_.pop_back();
  return item;
}

void PassEngine::give_back(PassItem* item) {
  const std::lock_guard lock(mutex_);
  free_.push_back(item);
}

}  // namespace m3u_proxy::pipeline
