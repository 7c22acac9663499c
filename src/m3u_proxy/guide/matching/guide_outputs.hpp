// GuideOutputs: what the guide has to remember of every output: two bytes each.
//
// An output is one `<channel>` of the guide and its programmes; see GuideIndex.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <vector>

#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// add() and begin_source() are for one thread alone, the rest is thread-safe.
class GuideOutputs {
 public:
  /// Sources are counted from 0; no more than this.
  static constexpr std::uint16_t kMaxSources = 0x7FF;
  static constexpr std::uint16_t kNoSource = kMaxSources;

  enum class Flag : std::uint16_t {
    kDeclared = 0x800,         ///< a source declared its channel
    kDeclaredByThis = 0x1000,  ///< the current source did
    kHasNext = 0x2000,         ///< the same guide channel belongs to another output, too
    kDiffers = 0x4000,         ///< its id is another text than the guide's
    kShifted = 0x8000,         ///< its programmes move
  };

  explicit GuideOutputs(memory::SlabPool& slabs);

  /// Another output, without flags or provider. Error: kOverBudget.
  Result<> add();
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// Takes a flag from all outputs.
  void clear(Flag flag);
  void set(std::uint32_t output, Flag flag) { raise(output, flag); }
  /// Sets a flag; whether it was set before.
  bool raise(std::uint32_t output, Flag flag);
  [[nodiscard]] bool has(std::uint32_t output, Flag flag) const {
    return (load(output) & static_cast<std::uint16_t>(flag)) != 0;
  }
  /// The source that gives the output its programmes.
  [[nodiscard]] std::uint16_t provider(std::uint32_t output) const {
    return load(output) & kMaxSources;
  }
  /// Makes `source` the provider; the one there was before.
  std::uint16_t set_provider(std::uint32_t output, std::uint16_t source);

 private:
  using State = std::atomic<std::uint16_t>;
  static constexpr std::uint32_t kPerPage = (std::uint32_t{64} << 10U) / sizeof(State);

  [[nodiscard]] State& at(std::uint32_t output) const {
    return reinterpret_cast<State*>(pages_[output / kPerPage].data())[output % kPerPage];
  }
  [[nodiscard]] std::uint16_t load(std::uint32_t output) const {
    return at(output).load(std::memory_order_relaxed);
  }

  memory::SlabPool* slabs_;
  memory::BudgetResource memory_;
  std::pmr::vector<memory::Slab> pages_;
  std::uint32_t size_ = 0;
};

}  // namespace m3u_proxy::guide
