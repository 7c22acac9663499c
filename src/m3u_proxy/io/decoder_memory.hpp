// DecoderMemory: the allocator that the compression libraries get, charged to the Budget. A
// refused block becomes their "out of memory", and the reason is kept here.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

/// Not thread-safe. Outlives what it gave out.
class DecoderMemory {
 public:
  explicit DecoderMemory(memory::Budget& budget)
      : budget_(&budget), resource_(budget, memory::Tag::kInput) {}

  /// A block aligned for anything, nullptr when the Budget refuses it.
  void* allocate(std::size_t size) noexcept;
  void free(void* block) noexcept;

  [[nodiscard]] memory::Budget& budget() const { return *budget_; }
  /// Why the decoder of `format` ran out of memory: kOverBudget with the MB it asked for.
  [[nodiscard]] Error out_of_memory(std::string_view format) const;
  /// kOverBudget for a decoder that says itself how much it needs.
  [[nodiscard]] static Error needs(std::string_view format, Bytes size,
                                   const memory::Budget& budget);

 private:
  memory::Budget* budget_;
  memory::BudgetResource resource_;
  std::size_t held_ = 0;     ///< bytes given out
  std::size_t refused_ = 0;  ///< the size of the block that was refused last
};

}  // namespace m3u_proxy::io
