// ExpressionCaches: what the rules and filters of a proxy remember from searching, as something
// that a cleanup drops: Basic nothing, Smart what they remember of searches for many patterns at
// once, Aggressive all of it.
#pragma once

#include <memory>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::generation {

class ExpressionCaches final : public memory::MemoryCleanable {
 public:
  /// Each may be nullptr; they live longer.
  ExpressionCaches(const rules::RuleSet* rules, const rules::FilterSet* filters)
      : rules_(rules), filters_(filters) {}

  /// While they are searched; the returned object ends it.
  struct InUse {
    rules::SearchCaches::Use rules;
    rules::SearchCaches::Use filters;
  };
  [[nodiscard]] InUse use() const {
    return {.rules = rules_ != nullptr ? rules_->use() : rules::SearchCaches::Use(nullptr),
            .filters = filters_ != nullptr ? filters_->use() : rules::SearchCaches::Use(nullptr)};
  }

  std::size_t basic_cleanup() override { return 0; }
  std::size_t smart_cleanup() override { return drop(true); }
  std::size_t aggressive_cleanup() override { return drop(false); }
  /// RE2 does not tell.
  [[nodiscard]] memory::MemoryUsage memory_usage() const override { return {}; }

 private:
  std::size_t drop(bool only_common) {
    return (rules_ != nullptr ? rules_->drop_caches(only_common) : 0) +
           (filters_ != nullptr ? filters_->drop_caches(only_common) : 0);
  }

  const rules::RuleSet* rules_;
  const rules::FilterSet* filters_;
};

}  // namespace m3u_proxy::generation
