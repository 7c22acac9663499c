// GuideItem: one window of a guide on its way through EPG Generation. Recycled, so that a window
// costs no allocation in the ordinary case.
#pragma once

#include <m3u_proxy/guide/plain_text.hpp>
#include <m3u_proxy/guide/windows/window_input.hpp>
#include <m3u_proxy/guide/windows/window_results.hpp>
#include <m3u_proxy/guide/windows/window_scratch.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/pipeline/pass_engine.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Throws memory::OverBudget.
struct GuideItem final : pipeline::PassItem {
  explicit GuideItem(memory::SlabPool& slabs)
      : input_memory(slabs.budget(), memory::Tag::kInput),
        output_memory(slabs.budget(), memory::Tag::kOutput),
        input(&input_memory),
        results(&output_memory),
        scratch(slabs, &output_memory) {}
  /// Forgets the window before and its results.
  void clear() {
    clear_results();
    input.next_element = input.outputs_done = 0;
    scratch.begin_window();
  }
  /// Forgets the results of the part before.
  void clear_results() {
    results.clear(input.window.text);
    empty_out(scratch.element);
  }

  memory::BudgetResource input_memory;
  memory::BudgetResource output_memory;
  WindowInput input;
  WindowResults results;
  WindowScratch scratch;
};

}  // namespace m3u_proxy::guide
