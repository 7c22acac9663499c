#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/config/config_expressions.hpp>

namespace m3u_proxy::config {
namespace {

using catalog::Domain;

/// The lines of a diagnostic that show the expression, without the message before them.
std::string shown_lines(const rules::Diagnostic& diagnostic, std::string_view expression) {
  const std::string pretty = diagnostic.pretty(expression);
  const std::size_t first_line_end = pretty.find('\n');
  return first_line_end == std::string::npos ? "" : pretty.substr(first_line_end + 1);
}

/// Where the diagnostic is: in the configuration file, or in the flag or variable that gave the
/// expression.
Where place_of(const rules::Diagnostic& diagnostic, const ExpressionConfig& expression,
               std::string_view document) {
  if (expression.where.line != 0)
    return place_in_string(document, expression.where, diagnostic.offset);
  return {.source = expression.where.source, .line = diagnostic.line, .column = diagnostic.column};
}

void add_problems(ConfigReader& reader, std::string_view kind, const ExpressionConfig& expression,
                  const rules::Diagnostics& diagnostics, std::string_view document) {
  for (const rules::Diagnostic& diagnostic : diagnostics) {
    const std::string message =
        fmt::format("{} \"{}\": {} [{}: {}]", kind, expression.name.name, diagnostic.message,
                    to_string(diagnostic.category), to_string(diagnostic.code));
    reader.problem(
        {.error = {.code = ErrorCode::kConfig,
                   .message = message,
                   .where = place_of(diagnostic, expression, document),
                   .hint = diagnostic.suggestion.empty()
                               ? ""
                               : fmt::format("did you mean '{}'?", diagnostic.suggestion)},
         .display = shown_lines(diagnostic, expression.expression)});
  }
}

bool lists(const std::vector<Named>& names, const std::string& name) {
  return std::ranges::find(names, name, &Named::name) != names.end();
}

void check_logo_helper(ConfigReader& reader, const Configuration& configuration,
                       const ExpressionConfig& expression) {
  for (const ProxyConfig& proxy : configuration.proxies)
    if (proxy.base_url.empty() && lists(proxy.rules, expression.name.name))
      reader.problem(expression.where,
                     fmt::format("rule \"{}\" writes @logo:, and proxy \"{}\" has no base_url to "
                                 "make an address of it",
                                 expression.name.name, proxy.name.name),
                     "give the proxy a base_url, such as http://192.168.1.2:8080");
}

Error first_error(std::string_view kind, const ExpressionConfig& expression,
                  const rules::Diagnostics& diagnostics) {
  return {.code = ErrorCode::kConfig,
          .message = fmt::format("{} \"{}\": {}", kind, expression.name.name,
                                 diagnostics.front().pretty(expression.expression)),
          .where = expression.where};
}

/// The items of `all` that `names` lists for `domain`, in the order of `names`.
std::vector<const ExpressionConfig*> select(const std::vector<ExpressionConfig>& all,
                                            const std::vector<Named>& names, Domain domain) {
  std::vector<const ExpressionConfig*> selected;
  for (const Named& name : names) {
    const auto found = std::ranges::find_if(
        all, [&](const ExpressionConfig& item) { return item.name.name == name.name; });
    if (found != all.end() && found->applies_to == domain) selected.push_back(&*found);
  }
  return selected;
}

Result<std::shared_ptr<const rules::FilterSet>> filter_set(
    const std::vector<const ExpressionConfig*>& expressions, Domain domain,
    const rules::Environment& environment) {
  if (expressions.empty()) return nullptr;
  std::vector<rules::NamedFilter> filters;
  for (const ExpressionConfig* expression : expressions) {
    auto filter = rules::compile_filter(domain, expression->expression, environment);
    if (!filter) return fail(first_error("filter", *expression, filter.error()));
    filters.push_back({.name = expression->name.name,
                       .action = expression->action,
                       .filter = *std::move(filter)});
  }
  return std::make_shared<const rules::FilterSet>(filters);
}

Result<std::shared_ptr<const rules::RuleSet>> rule_set(
    const std::vector<const ExpressionConfig*>& expressions, Domain domain,
    const rules::Environment& environment) {
  if (expressions.empty()) return nullptr;
  std::vector<rules::NamedRule> compiled;
  for (const ExpressionConfig* expression : expressions) {
    auto rule = rules::compile_rule(domain, expression->expression, environment);
    if (!rule) return fail(first_error("rule", *expression, rule.error()));
    compiled.push_back({.name = expression->name.name, .rule = *std::move(rule)});
  }
  return std::make_shared<const rules::RuleSet>(compiled);
}

}  // namespace

void check_expressions(ConfigReader& reader, const Configuration& configuration,
                       std::string_view document) {
  for (const ExpressionConfig& filter : configuration.filters) {
    const auto compiled = rules::compile_filter(filter.applies_to, filter.expression);
    if (!compiled) add_problems(reader, "filter", filter, compiled.error(), document);
  }
  for (const ExpressionConfig& rule : configuration.rules) {
    const auto compiled = rules::compile_rule(rule.applies_to, rule.expression);
    if (!compiled) {
      add_problems(reader, "rule", rule, compiled.error(), document);
      continue;
    }
    if (compiled->uses_logo_helper()) check_logo_helper(reader, configuration, rule);
  }
}

Result<ProxyExpressions> compile_expressions(const Configuration& configuration,
                                             const ProxyConfig& proxy, std::int64_t now) {
  const rules::Environment environment{.now = now};
  const auto filters = [&](Domain domain) {
    return filter_set(select(configuration.filters, proxy.filters, domain), domain, environment);
  };
  const auto rules_of = [&](Domain domain) {
    return rule_set(select(configuration.rules, proxy.rules, domain), domain, environment);
  };
  ProxyExpressions out;
  M3U_TRY(out.channel_filters, filters(Domain::kChannels));
  M3U_TRY(out.channel_rules, rules_of(Domain::kChannels));
  M3U_TRY(out.programme_filters, filters(Domain::kProgrammes));
  M3U_TRY(out.programme_rules, rules_of(Domain::kProgrammes));
  M3U_TRY(out.guide_channel_rules, rules_of(Domain::kGuideChannels));
  return out;
}

}  // namespace m3u_proxy::config
