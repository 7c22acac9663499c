#include <optional>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/operators.hpp>
#include <m3u_proxy/rules/parser.hpp>

namespace m3u_proxy::rules {
namespace {

using NodeIndex = std::size_t;

bool is_value(TokenKind kind) { return kind == TokenKind::kString || kind == TokenKind::kNumber; }

// The methods answer false or nullopt once the structure is broken; the reason is then reported.
class Parser {
 public:
  Parser(std::string_view expression, Diagnostics& diagnostics)
      : expression_(expression),
        diagnostics_(&diagnostics),
        tokens_(tokenize(expression, diagnostics)) {}

  Syntax filter() {
    if (stopped()) return {};
    GroupSyntax group;
    if (condition(group) && kind() != TokenKind::kEnd)
      unexpected(kind() == TokenKind::kSet ? "a filter is a condition without SET"
                                           : "AND, OR or the end must follow here");
    syntax_.groups.push_back(std::move(group));
    return std::move(syntax_);
  }

  Syntax rule() {
    if (stopped()) return {};
    if (kind() == TokenKind::kOpen && set_stands_before_close())
      groups();
    else
      single();
    return std::move(syntax_);
  }

 private:
  // -- structure --

  void single() {
    GroupSyntax group;
    if (kind() != TokenKind::kSet && !condition(group)) return;
    if (!expect_set() || !actions(group)) return;
    if (kind() != TokenKind::kEnd) {
      unexpected("a comma and another action, or the end, must follow here");
      return;
    }
    syntax_.groups.push_back(std::move(group));
  }

  void groups() {
    Link link = Link::kAlways;
    while (one_group(link)) {
      if (kind() == TokenKind::kEnd) return;
      link = Link::kAlways;
      if (kind() == TokenKind::kAnd || kind() == TokenKind::kOr)
        link = take().kind == TokenKind::kAnd ? Link::kAnd : Link::kOr;
    }
  }

  bool one_group(Link link) {
    GroupSyntax group{.link = link};
    const Token open = token();
    if (kind() != TokenKind::kOpen) return unexpected("a group in parentheses is expected here");
    take();
    if (!condition(group) || !expect_set() || !actions(group) || !close(open)) return false;
    syntax_.groups.push_back(std::move(group));
    return true;
  }

  bool expect_set() {
    if (kind() == TokenKind::kSet) {
      take();
      return true;
    }
    return unexpected(kind() == TokenKind::kEnd ? "a rule needs SET and what it changes"
                                                : "AND, OR or SET must follow here");
  }

  bool close(const Token& open) {
    if (kind() == TokenKind::kClose) {
      take();
      return true;
    }
    if (kind() != TokenKind::kEnd) return unexpected("AND, OR, a comma or ) must follow here");
    report(Code::kUnclosedParenthesis, open, "this parenthesis is never closed");
    return false;
  }

  /// Whether a SET is between the "(" at the current token and its ")".
  [[nodiscard]] bool set_stands_before_close() const {
    std::size_t depth = 0;
    for (std::size_t i = at_; i < tokens_.size(); ++i) {
      if (tokens_[i].kind == TokenKind::kSet) return true;
      if (tokens_[i].kind == TokenKind::kOpen) ++depth;
      if (tokens_[i].kind == TokenKind::kClose && --depth == 0) return false;
    }
    return false;
  }

  // -- conditions --

  bool condition(GroupSyntax& group) {
    group.first_term = syntax_.terms.size();
    const auto root = alternatives(true);
    if (!root) return false;
    group.has_condition = true;
    group.root = *root;
    group.end_term = syntax_.terms.size();
    return true;
  }

  std::optional<NodeIndex> alternatives(bool positive) {
    return chain(TokenKind::kOr, NodeSyntax::Kind::kOr, [&] {
      return chain(TokenKind::kAnd, NodeSyntax::Kind::kAnd, [&] { return negation(positive); });
    });
  }

  template <typename Operand>
  std::optional<NodeIndex> chain(TokenKind joint, NodeSyntax::Kind node_kind, Operand operand) {
    const auto first = operand();
    if (!first || kind() != joint) return first;
    NodeSyntax node{.kind = node_kind, .children = {*first}};
    while (kind() == joint) {
      take();
      const auto next = operand();
      if (!next) return std::nullopt;
      node.children.push_back(*next);
    }
    return add(std::move(node));
  }

  std::optional<NodeIndex> negation(bool positive) {
    if (kind() != TokenKind::kNot) return term(positive);
    take();
    const auto child = term(!positive);
    if (!child) return std::nullopt;
    return add({.kind = NodeSyntax::Kind::kNot, .children = {*child}});
  }

  std::optional<NodeIndex> term(bool positive) {
    if (kind() == TokenKind::kOpen) return parenthesis(positive);
    if (kind() != TokenKind::kWord) {
      unexpected(kind() == TokenKind::kString ? "a field is expected here, without quotes"
                                              : "a field or ( is expected here");
      return std::nullopt;
    }
    TermSyntax term{.field = take()};
    if (!comparison(term)) return std::nullopt;
    term.positive = positive != term.negated;
    syntax_.terms.push_back(std::move(term));
    return add({.kind = NodeSyntax::Kind::kTerm, .term = syntax_.terms.size() - 1});
  }

  std::optional<NodeIndex> parenthesis(bool positive) {
    const Token open = take();
    if (depth_ == kMaxNesting) {
      report(Code::kExpressionTooLarge, open, "parentheses may be nested 100 deep at most");
      return std::nullopt;
    }
    ++depth_;
    const auto inner = alternatives(positive);
    --depth_;
    if (!inner || !close(open)) return std::nullopt;
    return inner;
  }

  bool comparison(TermSyntax& term) {
    while (kind() == TokenKind::kNot || kind() == TokenKind::kCaseSensitive) {
      bool& flag = kind() == TokenKind::kNot ? term.negated : term.case_sensitive;
      if (flag) return unexpected("this modifier may be given only once");
      flag = true;
      take();
    }
    if (!comparison_operator(term)) return false;
    if (!is_value(kind())) return expected_value();
    term.value = take();
    return true;
  }

  bool comparison_operator(TermSyntax& term) {
    if (kind() == TokenKind::kEnd || is_value(kind()))
      return unexpected("an operator such as contains or == is expected here");
    if (kind() == TokenKind::kWord || kind() == TokenKind::kComparison) {
      if (const auto found = find_operator(text(token()))) {
        if (found->negated && term.negated) return unexpected("the comparison is negated twice");
        term.op = found->op;
        term.negated = term.negated || found->negated;
        take();
        return true;
      }
    }
    return wrong_operator();
  }

  /// Reports the current token as an operator; true when reading can go on behind it.
  bool wrong_operator() {
    switch (kind()) {
      case TokenKind::kAssign:
        report(Code::kOperatorTypo, token(), "= sets a value; == compares", "==");
        break;
      case TokenKind::kWord:
        report(Code::kUnknownOperator, token(),
               fmt::format("there is no operator '{}'", excerpt(text(token()))),
               std::string(closest_word(folded(text(token())), operator_words())));
        break;
      case TokenKind::kUnknownSymbol:
      case TokenKind::kAssignIfEmpty:
      case TokenKind::kAppend:
      case TokenKind::kRemoveText:
        report(Code::kUnknownOperator, token(), fmt::format("'{}' does not compare", text(token())),
               token().value);
        break;
      default:
        return unexpected("an operator such as contains or == is expected here");
    }
    take();
    return true;
  }

  bool expected_value() {
    if (kind() != TokenKind::kWord) return unexpected("a value in quotes is expected here");
    report(Code::kUnexpectedToken, token(), "a value must be in quotes",
           fmt::format("\"{}\"", text(token())));
    return false;
  }

  // -- actions --

  bool actions(GroupSyntax& group) {
    while (true) {
      if (!action(group)) return false;
      if (kind() != TokenKind::kComma) return true;
      take();
    }
  }

  bool action(GroupSyntax& group) {
    ActionSyntax action;
    const bool clears = kind() == TokenKind::kRemove;
    if (clears) take();
    if (kind() != TokenKind::kWord)
      return unexpected(clears ? "REMOVE needs the field that it clears"
                               : "a field to change or REMOVE is expected here");
    action.field = take();
    if (clears) {
      action.kind = ActionKind::kClear;
    } else {
      if (!assignment(action)) return false;
      if (!is_value(kind())) return expected_value();
      action.value = take();
    }
    group.actions.push_back(std::move(action));
    return true;
  }

  bool assignment(ActionSyntax& action) {
    switch (kind()) {
      case TokenKind::kAssign:
        action.kind = ActionKind::kSet;
        break;
      case TokenKind::kAssignIfEmpty:
        action.kind = ActionKind::kSetIfEmpty;
        break;
      case TokenKind::kAppend:
        action.kind = ActionKind::kAppend;
        break;
      case TokenKind::kRemoveText:
        action.kind = ActionKind::kRemoveText;
        break;
      case TokenKind::kComparison:
        report(Code::kOperatorTypo, token(), "after SET a value is given with =", "=");
        break;
      case TokenKind::kWord:
      case TokenKind::kUnknownSymbol:
        report(Code::kUnknownOperator, token(),
               fmt::format("'{}' does not set a value", excerpt(text(token()))), "=");
        break;
      default:
        return unexpected("=, ?=, += or -= is expected here");
    }
    take();
    return true;
  }

  // -- tokens --

  [[nodiscard]] const Token& token() const { return tokens_[at_]; }
  [[nodiscard]] TokenKind kind() const { return token().kind; }
  Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  [[nodiscard]] std::string_view text(const Token& token) const {
    return expression_.substr(token.offset, token.length);
  }
  [[nodiscard]] bool stopped() const { return !diagnostics_->empty(); }
  NodeIndex add(NodeSyntax node) {
    syntax_.nodes.push_back(std::move(node));
    return syntax_.nodes.size() - 1;
  }

  void report(Code code, const Token& about, std::string message, std::string suggestion = {}) {
    diagnostics_->push_back(make_diagnostic(code, expression_, about.offset, about.length,
                                            std::move(message), std::move(suggestion)));
  }
  bool unexpected(std::string message) {
    report(Code::kUnexpectedToken, token(), std::move(message));
    return false;
  }

  std::string_view expression_;
  Diagnostics* diagnostics_;
  std::vector<Token> tokens_;
  Syntax syntax_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

Syntax parse_filter(std::string_view expression, Diagnostics& diagnostics) {
  return Parser(expression, diagnostics).filter();
}

Syntax parse_rule(std::string_view expression, Diagnostics& diagnostics) {
  return Parser(expression, diagnostics).rule();
}

}  // namespace m3u_proxy::rules
