// RuleSet: the rules of a proxy in their order, each working on what the former ones left.
#pragma once

#include <string>
#include <vector>

#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/linker.hpp>
#include <m3u_proxy/rules/search_caches.hpp>

namespace m3u_proxy::rules {

struct NamedRule {
  std::string name;
  Rule rule;
};

/// Immutable; apply() may be called from several threads, each with its own record, Scratch and
/// Counts.
class RuleSet {
 public:
  RuleSet() = default;
  explicit RuleSet(const std::vector<NamedRule>& rules);

  /// Runs all rules on the record. Every rule is evaluated for every record.
  void apply(Record& record, Scratch& scratch, Counts& counts) const;

  [[nodiscard]] bool empty() const { return names_.empty(); }
  /// Whether any rule writes `@logo:<uuid>`.
  [[nodiscard]] bool uses_logo_helper() const { return uses_logo_helper_; }
  /// What its regular expressions remember. A caller of apply() while another thread may drop
  /// that holds a use.
  [[nodiscard]] SearchCaches::Use use() const { return SearchCaches::Use(&caches_); }
  std::size_t drop_caches(bool only_common) const { return caches_.drop(linked_, only_common); }
  /// The names, in the order of the counters.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  mutable SearchCaches caches_;
  mutable LinkedPrograms linked_;  ///< changed by caches_ only
  bool uses_logo_helper_ = false;
};

}  // namespace m3u_proxy::rules
