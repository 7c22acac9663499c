// Xtream categories: the names of an account's categories by their ids, and which ones are wanted.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::sources {

/// Not thread-safe; does not move, its memory being its own.
class XtreamCategories {
 public:
  explicit XtreamCategories(memory::Budget& budget)
      : budget_(&budget), memory_(budget, memory::Tag::kInput), names_(&memory_) {}

  /// Reads get_…_categories in addition to what is there. Errors: those of `source`; kParse; throws
  /// memory::OverBudget.
  Result<> read(io::ByteSource& source, ProblemLog& problems);

  /// "" when the id has no name.
  [[nodiscard]] std::string_view name_of(std::string_view id) const;
  /// Whether one of the ids, or its name, folded, is in `wanted`; `wanted` empty: always.
  [[nodiscard]] bool includes(const std::vector<std::string_view>& ids,
                              const std::vector<std::string>& wanted) const;
  /// Replaces `out` by the names of the ids, with `;` between them.
  void join(const std::vector<std::string_view>& ids, std::string& out) const;

 private:
  memory::Budget* budget_;
  memory::BudgetResource memory_;
  std::pmr::map<std::pmr::string, std::pmr::string, std::less<>> names_;
};

}  // namespace m3u_proxy::sources
