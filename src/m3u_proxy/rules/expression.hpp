// rules: the one language of filters, rules, validation and preview.
//
// An expression goes through lexer, parser and compiler once and becomes a Filter or a Rule:
// immutable, thread-safe, run for every record without compiling and, in the ordinary case,
// without allocating. Where to look: lexer (spelling), parser (grammar), value (captures, fields
// and helpers in values), pattern (regular expressions), compiler (meaning, errors), program (how
// a record is judged and changed), filter_set and rule_set (lists of them, with counts).
#pragma once

#include <expected>
#include <memory>
#include <string_view>

#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/rules/diagnostic.hpp>
#include <m3u_proxy/rules/program.hpp>

namespace m3u_proxy::rules {

/// A condition on a record.
class Filter {
 public:
  [[nodiscard]] bool matches(const Record& record, Scratch& scratch) const;
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  friend std::expected<Filter, Diagnostics> compile_filter(catalog::Domain, std::string_view,
                                                           const Environment&);
  explicit Filter(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

/// Conditions and the changes that they lead to.
class Rule {
 public:
  /// Runs the rule. An action whose result would be longer than 64 KB, or would leave a channel
  /// without name or URL, is left out and counted.
  Outcome apply(Record& record, Scratch& scratch) const;
  /// Whether it writes `@logo:<uuid>`, which a later stage replaces by an address.
  [[nodiscard]] bool uses_logo_helper() const { return program_->uses_logo_helper; }
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  friend std::expected<Rule, Diagnostics> compile_rule(catalog::Domain, std::string_view,
                                                       const Environment&);
  explicit Rule(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

/// Compiles a filter; an empty expression is true for every record. Errors come all at once, in
/// the text's order, as far as reading can go on; never empty.
std::expected<Filter, Diagnostics> compile_filter(catalog::Domain domain,
                                                  std::string_view expression,
                                                  const Environment& environment = {});
/// Compiles a rule; an empty expression is an error.
std::expected<Rule, Diagnostics> compile_rule(catalog::Domain domain, std::string_view expression,
                                              const Environment& environment = {});

}  // namespace m3u_proxy::rules
