#include <algorithm>
#include <charconv>
#include <ranges>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/rules/compiler.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::rules {
namespace {

bool is_required(catalog::Domain domain, const catalog::FieldRef& field) {
  if (domain == catalog::Domain::kGuideChannels)
    return field.index == static_cast<std::uint8_t>(catalog::GuideChannelField::kChannelId);
  if (domain != catalog::Domain::kChannels || field.is_attribute) return false;
  const auto index = static_cast<catalog::ChannelField>(field.index);
  return index == catalog::ChannelField::kChannelName || index == catalog::ChannelField::kStreamUrl;
}

bool is_channel_number(catalog::Domain domain, const catalog::FieldRef& field) {
  return domain == catalog::Domain::kChannels && !field.is_attribute &&
         static_cast<catalog::ChannelField>(field.index) == catalog::ChannelField::kTvgChno;
}

class Compiler {
 public:
  Compiler(catalog::Domain domain, std::string_view expression, const Syntax& syntax,
           const Environment& environment, Diagnostics& errors)
      : domain_(domain),
        expression_(expression),
        syntax_(&syntax),
        environment_(&environment),
        errors_(&errors),
        well_formed_(errors.empty()) {}

  Program run() {
    for (const TermSyntax& term : syntax_->terms) program_.terms.push_back(compile_term(term));
    for (const GroupSyntax& group : syntax_->groups)
      program_.groups.push_back(compile_group(group));
    return std::move(program_);
  }

 private:
  // -- terms --

  Term compile_term(const TermSyntax& syntax) {
    Term term{.op = syntax.op, .negated = syntax.negated, .case_sensitive = syntax.case_sensitive};
    if (const auto field = field_of(syntax.field)) {
      term.slot = slot_of(*field);
      term.any_value = catalog::has_several(domain_, *field);
      term.by_channel_number = is_channel_number(domain_, *field);
    }
    if (term.op == Operator::kMatches)
      compile_pattern(syntax, term);
    else
      compile_operand(syntax, term);
    return term;
  }

  void compile_pattern(const TermSyntax& syntax, Term& term) {
    if (instructions_ > kMaxRegexInstructions) return;
    auto pattern = Pattern::compile(syntax.value.value,
                                    term.case_sensitive ? CaseRule::kExact : CaseRule::kIgnore);
    if (!pattern) {
      report(Code::kInvalidRegex, syntax.value,
             fmt::format("not a regular expression that RE2 takes: {}", pattern.error()));
      return;
    }
    term.pattern = *std::move(pattern);
    instructions_ += term.pattern->program_size();
    if (instructions_ > kMaxRegexInstructions)
      report(Code::kInvalidRegex, syntax.value,
             "the patterns of this expression are too large together");
  }

  void compile_operand(const TermSyntax& syntax, Term& term) {
    auto value = value_of(syntax.value, ValueUse::kComparison);
    if (!value) return;
    if (!value->is_constant()) {
      term.value = *std::move(value);
      return;
    }
    term.text = value->constant();
    if (!term.case_sensitive) term.text = folded(term.text);
    term.is_instant = value->instant.has_value();
    term.date = term.is_instant ? value->instant : parse_date(term.text);
  }

  // -- groups --

  Group compile_group(const GroupSyntax& syntax) {
    Group group{.link = syntax.link};
    if (syntax.has_condition) group.entry = compile_node(syntax.root, kAccept, kReject);
    for (const ActionSyntax& action : syntax.actions)
      group.actions.push_back(compile_action(action));
    if (well_formed_) link_captures(syntax, group);
    return group;
  }

  /// Appends the steps of a node and returns where to enter them.
  std::size_t compile_node(std::size_t index, std::size_t if_true, std::size_t if_false) {
    const NodeSyntax& node = syntax_->nodes[index];
    switch (node.kind) {
      case NodeSyntax::Kind::kTerm:
        program_.steps.push_back({.term = node.term, .if_true = if_true, .if_false = if_false});
        return program_.steps.size() - 1;
      case NodeSyntax::Kind::kNot:
        return compile_node(node.children[0], if_false, if_true);
      case NodeSyntax::Kind::kAnd:
      case NodeSyntax::Kind::kOr:
        break;
    }
    // From the last operand to the first: each must know where the next one begins.
    std::size_t& goes_on = node.kind == NodeSyntax::Kind::kAnd ? if_true : if_false;
    for (const std::size_t child : std::views::reverse(node.children))
      goes_on = compile_node(child, if_true, if_false);
    return goes_on;
  }

  Action compile_action(const ActionSyntax& syntax) {
    Action action{.kind = syntax.kind};
    bool clears = syntax.kind == ActionKind::kClear;
    if (!clears) {
      if (auto value = value_of(syntax.value, ValueUse::kAction)) {
        action.value = *std::move(value);
        clears = syntax.kind == ActionKind::kSet && action.value.is_constant() &&
                 trim(action.value.constant()).empty();
      }
    }
    const auto field = field_of(syntax.field);
    if (!field) return action;
    action.slot = slot_of(*field);
    action.needs_value = is_required(domain_, *field);
    if (!field->writable)
      report(Code::kReadOnlyField, syntax.field,
             fmt::format("{} comes from the source and cannot be changed", text(syntax.field)));
    if (clears && action.needs_value)
      report(Code::kReadOnlyField, syntax.field,
             fmt::format("{} cannot be cleared: every channel has one", text(syntax.field)));
    return action;
  }

  // -- captures --

  void link_captures(const GroupSyntax& syntax, Group& group) {
    std::vector<CaptureSource> sources;
    std::size_t count = 0;
    for (std::size_t i = syntax.first_term; i < syntax.end_term; ++i) {
      if (!syntax_->terms[i].positive || program_.terms[i].op != Operator::kMatches) continue;
      if (!program_.terms[i].pattern) return;  // reported already; its groups are not known
      const auto own = static_cast<std::size_t>(program_.terms[i].pattern->group_count());
      sources.push_back({.term = i, .first_number = count, .groups = own});
      count += own;
    }
    std::vector<bool> used(count + 1, false);
    for (std::size_t i = 0; i < group.actions.size(); ++i)
      for (ValuePart& part : group.actions[i].value.parts)
        link_reference(part, sources, syntax.actions[i].value, used);
    keep_used(sources, used);
    group.captures = std::move(sources);
    if (!group.captures.empty()) group.capture_count = used.size();
  }

  /// Notes in `used` which capture `part` means.
  void link_reference(ValuePart& part, const std::vector<CaptureSource>& sources,
                      const Token& token, std::vector<bool>& used) {
    const bool named = part.kind == ValuePart::Kind::kNamedCapture;
    if (!named && part.kind != ValuePart::Kind::kCapture) return;
    const std::string spelling =
        named ? fmt::format("${{{}}}", part.text) : fmt::format("${}", part.capture);
    if (named) part = numbered(part, sources);
    const auto number = static_cast<std::size_t>(part.capture);
    if (!sources.empty() && part.capture >= 0 && number < used.size()) {
      used[number] = true;
      return;
    }
    report(Code::kUnknownCapture, token,
           fmt::format("there is no group {}: {}; a dollar that stands for itself is written $$",
                       spelling, groups_there(sources, used.size() - 1)),
           "$" + spelling);
  }

  /// What a reference may name instead.
  static std::string groups_there(const std::vector<CaptureSource>& sources, std::size_t count) {
    if (sources.empty()) return "the condition has no 'matches' that gives groups";
    if (count == 0) return "the condition's patterns have no groups but $0";
    return count == 1 ? "the condition's patterns have only $1"
                      : fmt::format("the condition's patterns have $1 to ${}", count);
  }

  /// Leaves the terms of which a group is used, with as many groups as are needed.
  static void keep_used(std::vector<CaptureSource>& sources, const std::vector<bool>& used) {
    if (!sources.empty()) sources.front().gives_whole = used[0];
    for (CaptureSource& source : sources)
      while (source.groups != 0 && !used[source.first_number + source.groups]) --source.groups;
    std::erase_if(sources, [](const CaptureSource& source) {
      return source.groups == 0 && !source.gives_whole;
    });
  }

  /// `${name}` as a number, and `${1}` as $1; -1 when no pattern has the group.
  [[nodiscard]] ValuePart numbered(const ValuePart& named,
                                   const std::vector<CaptureSource>& sources) const {
    ValuePart part{.kind = ValuePart::Kind::kCapture, .capture = -1};
    for (const CaptureSource& source : sources) {
      const int number = program_.terms[source.term].pattern->group_number(named.text);
      if (number == 0) continue;
      part.capture = static_cast<int>(source.first_number) + number;
      return part;
    }
    const char* const end = named.text.data() + named.text.size();
    int number = 0;
    const auto [stop, error] = std::from_chars(named.text.data(), end, number);
    if (error == std::errc() && stop == end && number <= kMaxCapture) part.capture = number;
    return part;
  }

  // -- fields and values --

  std::optional<catalog::FieldRef> field_of(const Token& token) {
    auto field = resolve_field(domain_, text(token));
    if (field) return *std::move(field);
    report(field.error().code, token, field.error().message, field.error().suggestion);
    return std::nullopt;
  }

  std::size_t slot_of(const catalog::FieldRef& field) {
    const auto found = std::ranges::find(program_.slots, field);
    if (found != program_.slots.end())
      return static_cast<std::size_t>(found - program_.slots.begin());
    program_.slots.push_back(field);
    return program_.slots.size() - 1;
  }

  std::optional<Value> value_of(const Token& token, ValueUse use) {
    auto value = parse_value(token.value, use, domain_, *environment_);
    if (!value) {
      report(value.error().code, token, value.error().message, value.error().suggestion);
      return std::nullopt;
    }
    for (ValuePart& part : value->parts)
      if (part.kind == ValuePart::Kind::kField) part.slot = slot_of(part.field);
    program_.uses_logo_helper = program_.uses_logo_helper || value->logo;
    return *std::move(value);
  }

  [[nodiscard]] std::string_view text(const Token& token) const {
    return expression_.substr(token.offset, token.length);
  }
  void report(Code code, const Token& about, std::string message, std::string suggestion = {}) {
    errors_->push_back(make_diagnostic(code, expression_, about.offset, about.length,
                                       std::move(message), std::move(suggestion)));
  }

  catalog::Domain domain_;
  std::string_view expression_;
  const Syntax* syntax_;
  const Environment* environment_;
  Diagnostics* errors_;
  bool well_formed_;  // a term that was not understood may be the one with the groups
  Program program_;
  int instructions_ = 0;
};

}  // namespace

Program compile_program(catalog::Domain domain, std::string_view expression, const Syntax& syntax,
                        const Environment& environment, Diagnostics& errors) {
  return Compiler(domain, expression, syntax, environment, errors).run();
}

}  // namespace m3u_proxy::rules
