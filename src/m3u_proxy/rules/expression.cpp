#include <algorithm>
#include <utility>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/compiler.hpp>
#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/parser.hpp>

namespace m3u_proxy::rules {
namespace {

/// What can be said of the text before it is read.
void check_text(std::string_view expression, Diagnostics& errors) {
  if (expression.size() > kMaxExpressionBytes)
    errors.push_back(make_diagnostic(Code::kExpressionTooLarge, expression, kMaxExpressionBytes, 1,
                                     "an expression may have 64 KB at most"));
  else if (!is_valid_utf8(expression))
    errors.push_back(make_diagnostic(Code::kUnexpectedToken, expression, 0, expression.size(),
                                     "the expression is not valid UTF-8"));
}

void sort_by_place(Diagnostics& diagnostics) {
  std::ranges::sort(diagnostics, {},
                    [](const Diagnostic& d) { return std::pair(d.offset, d.code); });
}

struct Compiled {
  std::shared_ptr<const Program> program;
  Diagnostics errors;
};

using Parse = Syntax (*)(std::string_view, Diagnostics&);

Compiled compile(catalog::Domain domain, std::string_view expression,
                 const Environment& environment, Parse parse) {
  Compiled compiled;
  check_text(expression, compiled.errors);
  if (!compiled.errors.empty()) return compiled;
  const Syntax syntax = parse(expression, compiled.errors);
  compiled.program = std::make_shared<const Program>(
      compile_program(domain, expression, syntax, environment, compiled.errors));
  sort_by_place(compiled.errors);
  return compiled;
}

}  // namespace

bool Filter::matches(const Record& record, Scratch& scratch) const {
  scratch.begin(record, program_->slots);
  return holds(*program_, {}, scratch);
}

Outcome Rule::apply(Record& record, Scratch& scratch) const {
  scratch.begin(record, program_->slots);
  return run(*program_, {}, record, scratch, program_->slots);
}

std::expected<Filter, Diagnostics> compile_filter(catalog::Domain domain,
                                                  std::string_view expression,
                                                  const Environment& environment) {
  if (trim(expression).empty()) {
    auto everything = std::make_shared<Program>();
    everything->groups.emplace_back();
    return Filter(std::move(everything));
  }
  Compiled compiled = compile(domain, expression, environment, parse_filter);
  if (!compiled.errors.empty()) return std::unexpected(std::move(compiled.errors));
  return Filter(std::move(compiled.program));
}

std::expected<Rule, Diagnostics> compile_rule(catalog::Domain domain, std::string_view expression,
                                              const Environment& environment) {
  if (trim(expression).empty())
    return std::unexpected(Diagnostics{make_diagnostic(Code::kEmptyExpression, expression, 0, 0,
                                                       "a rule must say what it changes",
                                                       "SET group_title = \"News\"")});
  Compiled compiled = compile(domain, expression, environment, parse_rule);
  if (!compiled.errors.empty()) return std::unexpected(std::move(compiled.errors));
  return Rule(std::move(compiled.program));
}

}  // namespace m3u_proxy::rules
