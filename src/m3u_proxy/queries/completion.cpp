#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/queries/completion.hpp>
#include <m3u_proxy/rules/operators.hpp>

namespace m3u_proxy::queries {
namespace {

using rules::Token;
using rules::TokenKind;

/// What is expected next.
enum class Next : std::uint8_t {
  kField,
  kOperator,
  kValue,
  kAfterValue,
  kActionField,
  kAssignment,
  kActionValue,
  kAfterAction,
  kRemovedField,
};

/// Walks over an expression's words and knows what may come.
class Walk {
 public:
  void take(const Token& token) {
    word_class_ = WordClass::kPunctuation;
    switch (token.kind) {
      case TokenKind::kAnd:
      case TokenKind::kOr:
        word_class_ = WordClass::kKeyword;
        next_ = Next::kField;
        return;
      case TokenKind::kNot:
      case TokenKind::kCaseSensitive:
        word_class_ = WordClass::kKeyword;
        return;
      case TokenKind::kSet:
        word_class_ = WordClass::kKeyword;
        next_ = Next::kActionField;
        return;
      case TokenKind::kRemove:
        word_class_ = WordClass::kKeyword;
        next_ = Next::kRemovedField;
        return;
      case TokenKind::kOpen:
        return;
      case TokenKind::kClose:
        next_ = Next::kAfterValue;
        return;
      case TokenKind::kComma:
        next_ = Next::kActionField;
        return;
      case TokenKind::kUnknownSymbol:
        word_class_ = WordClass::kUnknown;
        return;
      default:
        take_word(token);
    }
  }
  [[nodiscard]] Next next() const { return next_; }
  [[nodiscard]] const std::string& field() const { return field_; }
  [[nodiscard]] WordClass word_class() const { return word_class_; }

 private:
  void take_word(const Token& token) {
    switch (next_) {
      case Next::kField:
      case Next::kActionField:
      case Next::kRemovedField:
        word_class_ = WordClass::kField;
        field_ = token.value;
        next_ = next_ == Next::kField         ? Next::kOperator
                : next_ == Next::kActionField ? Next::kAssignment
                                              : Next::kAfterAction;
        return;
      case Next::kOperator:
        word_class_ = WordClass::kOperator;
        next_ = Next::kValue;
        return;
      case Next::kAssignment:
        word_class_ = WordClass::kOperator;
        next_ = Next::kActionValue;
        return;
      case Next::kValue:
      case Next::kActionValue:
        word_class_ = token.kind == TokenKind::kNumber ? WordClass::kNumber : WordClass::kValue;
        next_ = next_ == Next::kValue ? Next::kAfterValue : Next::kAfterAction;
        return;
      case Next::kAfterValue:
      case Next::kAfterAction:
        word_class_ = WordClass::kUnknown;
    }
  }

  Next next_ = Next::kField;
  std::string field_;
  WordClass word_class_ = WordClass::kPunctuation;
};

bool is_word(const Token& token) {
  using enum TokenKind;
  switch (token.kind) {
    case kWord:
    case kNumber:
    case kAnd:
    case kOr:
    case kNot:
    case kSet:
    case kRemove:
    case kCaseSensitive:
      return true;
    default:
      return false;
  }
}

class Suggester {
 public:
  Suggester(Completion& completion, ExpressionKind kind, catalog::Domain domain)
      : completion_(completion), kind_(kind), domain_(domain) {}

  void suggest(Next next, std::string_view field) {
    switch (next) {
      case Next::kField:
        fields(false);
        keyword("NOT");
        if (kind_ == ExpressionKind::kRule) keyword("SET");
        return;
      case Next::kActionField:
      case Next::kRemovedField:
        fields(true);
        return;
      case Next::kOperator:
        for (const std::string_view word : rules::operator_words()) add(word, WordClass::kOperator);
        for (const std::string_view symbol : {"==", "!=", "=~", "!~", ">", "<", ">=", "<="})
          add(symbol, WordClass::kOperator);
        keyword("NOT");
        keyword("case_sensitive");
        return;
      case Next::kAssignment:
        add("=", WordClass::kOperator, "sets the field");
        add("?=", WordClass::kOperator, "sets the field where it is empty");
        add("+=", WordClass::kOperator, "appends to the field");
        add("-=", WordClass::kOperator, "removes a text from the field");
        return;
      case Next::kValue:
      case Next::kActionValue:
        if (const auto found = catalog::find_field(domain_, field)) completion_.values_of = *found;
        if (completion_.is_quoted) {
          add("@field:", WordClass::kFunction, "another field's value");
          add("@time:now()", WordClass::kFunction, "the moment of the generation");
        }
        return;
      case Next::kAfterValue:
      case Next::kAfterAction:
        keyword("AND");
        keyword("OR");
        if (kind_ == ExpressionKind::kRule) {
          keyword("SET");
          keyword("REMOVE");
        }
    }
  }

 private:
  void add(std::string_view label, WordClass word_class, std::string detail = {}) {
    if (starts_with_ascii_case(label, completion_.prefix))
      completion_.suggestions.push_back(
          {.label = std::string(label), .word_class = word_class, .detail = std::move(detail)});
  }
  void keyword(std::string_view word) { add(word, WordClass::kKeyword); }
  void fields(bool writable) {
    for (const std::string_view name : catalog::known_names(domain_)) {
      const auto field = catalog::find_field(domain_, name);
      if (!field || (writable && !field->writable)) continue;
      const std::string own = catalog::field_name(domain_, *field);
      add(name, WordClass::kField, own == name ? "" : "the same as " + own);
    }
    if (domain_ == catalog::Domain::kChannels)
      add("attr:", WordClass::kField, "any attribute by its name");
  }

  Completion& completion_;
  ExpressionKind kind_;
  catalog::Domain domain_;
};

}  // namespace

std::string_view to_string(WordClass word_class) {
  constexpr std::array<std::string_view, 8> kNames = {
      "field", "operator", "value", "keyword", "function", "number", "punctuation", "unknown"};
  return kNames[static_cast<std::size_t>(word_class)];
}

std::vector<ClassifiedToken> classify(std::string_view expression) {
  rules::Diagnostics diagnostics;
  std::vector<ClassifiedToken> out;
  Walk walk;
  std::size_t behind = 0;
  for (const Token& token : rules::tokenize(expression, diagnostics)) {
    if (token.kind == TokenKind::kEnd) break;
    walk.take(token);
    behind = token.offset + token.length;
    out.push_back(
        {.offset = token.offset, .length = token.length, .word_class = walk.word_class()});
  }
  // A quote that is not closed ends the list.
  for (const rules::Diagnostic& diagnostic : diagnostics)
    if (diagnostic.code == rules::Code::kUnclosedQuote && diagnostic.offset >= behind)
      out.push_back({.offset = diagnostic.offset,
                     .length = expression.size() - diagnostic.offset,
                     .word_class = WordClass::kValue});
  return out;
}

Completion complete(std::string_view expression, std::size_t position, ExpressionKind kind,
                    catalog::Domain domain) {
  const std::string_view written = expression.substr(0, std::min(position, expression.size()));
  rules::Diagnostics diagnostics;
  std::vector<Token> tokens = rules::tokenize(written, diagnostics);
  Completion completion{.from = written.size(), .to = written.size()};
  const auto quote =
      std::ranges::find(diagnostics, rules::Code::kUnclosedQuote, &rules::Diagnostic::code);
  if (quote != diagnostics.end()) {
    completion.is_quoted = true;
    completion.from = quote->offset + 1;
    completion.prefix = written.substr(std::min(completion.from, written.size()));
  }
  std::erase_if(tokens, [](const Token& token) { return token.kind == TokenKind::kEnd; });
  if (!completion.is_quoted && !tokens.empty() && is_word(tokens.back()) &&
      tokens.back().offset + tokens.back().length == written.size()) {
    completion.from = tokens.back().offset;
    completion.prefix = written.substr(completion.from);
    tokens.pop_back();
  }
  Walk walk;
  for (const Token& token : tokens) walk.take(token);
  Suggester(completion, kind, domain).suggest(walk.next(), walk.field());
  return completion;
}

}  // namespace m3u_proxy::queries
