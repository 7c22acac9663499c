// ProgrammeRows: programmes of the guide as plugins get them and give them back.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::guide {

/// Whole `<programme>` elements, each with the output that it is for and the number of its source.
/// Not thread-safe. Throws memory::OverBudget.
class ProgrammeRows {
 public:
  struct Row {
    std::string_view element;
    std::uint32_t output;
    std::uint16_t source;
  };
  explicit ProgrammeRows(memory::SlabPool& slabs)
      : memory_(slabs.budget(), memory::Tag::kBatch),
        text_(slabs, memory::Tag::kBatch),
        rows_(&memory_) {}

  void clear() {
    rows_.clear();
    text_.reset();
    problems_.clear();
  }
  /// `element` has to stay as long as the rows, or is copied by keep().
  void add(const Row& row) { rows_.push_back(row); }
  std::string_view keep(std::string_view element) { return text_.copy(element); }
  [[nodiscard]] std::span<const Row> rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// What came back from a plugin and could not be used.
  [[nodiscard]] ProblemLog& problems() { return problems_; }

 private:
  memory::BudgetResource memory_;
  memory::Arena text_;
  std::pmr::vector<Row> rows_;
  ProblemLog problems_;
};

}  // namespace m3u_proxy::guide
