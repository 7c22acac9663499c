// FilterSet: the filters of a proxy in their order, as one decision per record.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/linker.hpp>
#include <m3u_proxy/rules/search_caches.hpp>

namespace m3u_proxy::rules {

enum class FilterAction : std::uint8_t { kInclude, kExclude };

struct NamedFilter {
  std::string name;
  FilterAction action;
  Filter filter;
};

/// Immutable; keep() may be called from several threads, each with its own Scratch and Counts.
class FilterSet {
 public:
  /// No filters: everything is kept.
  FilterSet() = default;
  explicit FilterSet(const std::vector<NamedFilter>& filters);

  /// Whether the record is in the result: an include adds it, an exclude removes it, in order; a
  /// list that begins with an exclude begins with everything.
  ///
  /// A filter is evaluated only where it could change the answer: an include for records that are
  /// out at that point, an exclude for those that are in. So its counts depend on the record and
  /// on the filters before it, never on threads or batches, and matched always equals changed.
  bool keep(const Record& record, Scratch& scratch, Counts& counts) const;

  [[nodiscard]] bool empty() const { return names_.empty(); }
  /// What its regular expressions remember. A caller of keep() while another thread may drop that
  /// holds a use.
  [[nodiscard]] SearchCaches::Use use() const { return SearchCaches::Use(&caches_); }
  std::size_t drop_caches(bool only_common) const { return caches_.drop(linked_, only_common); }
  /// The names, in the order of the counters.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<FilterAction> actions_;
  mutable SearchCaches caches_;
  mutable LinkedPrograms linked_;  ///< changed by caches_ only
};

}  // namespace m3u_proxy::rules
