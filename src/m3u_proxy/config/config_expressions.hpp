// Compiling the expressions of a configuration: for its validation, and for a run.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <m3u_proxy/config/config_reader.hpp>
#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::config {

/// Compiles every filter and rule, whether a proxy uses it or not; each mistake becomes a problem
/// of `reader` with its place in `document` and the expression with a caret. A rule with `@logo:`
/// in a proxy that has no base_url is a mistake too.
void check_expressions(ConfigReader& reader, const Configuration& configuration,
                       std::string_view document);

/// The compiled expressions of one proxy.
struct ProxyExpressions {
  std::shared_ptr<const rules::FilterSet> channel_filters;    ///< null: none
  std::shared_ptr<const rules::RuleSet> channel_rules;        ///< null: none
  std::shared_ptr<const rules::FilterSet> programme_filters;  ///< null: none
  std::shared_ptr<const rules::RuleSet> programme_rules;      ///< null: none
  std::shared_ptr<const rules::RuleSet> guide_channel_rules;  ///< null: none
};

/// Compiles what `proxy` uses, in its order; `now` is seconds since 1970, for `@time:now()`.
/// Error: kConfig; not for a configuration that check_expressions() found right.
Result<ProxyExpressions> compile_expressions(const Configuration& configuration,
                                             const ProxyConfig& proxy, std::int64_t now);

}  // namespace m3u_proxy::config
