// guarded(): the edge at which refused memory, thrown by allocators, becomes an Error.
#pragma once

#include <new>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::memory {

/// Runs `work` (which returns a Result) and answers as it does; OverBudget and std::bad_alloc
/// become kOverBudget.
template <typename Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const OverBudget& refused) {
    return fail(refused.error());
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOverBudget, "the system has no memory left",
                "set --memory-limit below what the machine has free");
  }
}

}  // namespace m3u_proxy::memory
