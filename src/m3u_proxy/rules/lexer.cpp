#include <algorithm>
#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/lexer.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::rules {
namespace {

struct Keyword {
  std::string_view text;
  TokenKind kind;
};
constexpr std::array kKeywords = {
    Keyword{"and", TokenKind::kAnd},       Keyword{"or", TokenKind::kOr},
    Keyword{"not", TokenKind::kNot},       Keyword{"set", TokenKind::kSet},
    Keyword{"remove", TokenKind::kRemove}, Keyword{"case_sensitive", TokenKind::kCaseSensitive},
};

struct Symbol {
  std::string_view text;
  TokenKind kind;
  std::string_view meant = {};
};
// Longer ones first: the first that fits is taken.
constexpr std::array kSymbols = {
    Symbol{"===", TokenKind::kUnknownSymbol, "=="},
    Symbol{"!==", TokenKind::kUnknownSymbol, "!="},
    Symbol{"==", TokenKind::kComparison},
    Symbol{"!=", TokenKind::kComparison},
    Symbol{"=~", TokenKind::kComparison},
    Symbol{"!~", TokenKind::kComparison},
    Symbol{">=", TokenKind::kComparison},
    Symbol{"<=", TokenKind::kComparison},
    Symbol{"=>", TokenKind::kUnknownSymbol, ">="},
    Symbol{"=<", TokenKind::kUnknownSymbol, "<="},
    Symbol{"<>", TokenKind::kUnknownSymbol, "!="},
    Symbol{"~=", TokenKind::kUnknownSymbol, "=~"},
    Symbol{"&&", TokenKind::kAnd},
    Symbol{"||", TokenKind::kOr},
    Symbol{"?=", TokenKind::kAssignIfEmpty},
    Symbol{"+=", TokenKind::kAppend},
    Symbol{"-=", TokenKind::kRemoveText},
    Symbol{">", TokenKind::kComparison},
    Symbol{"<", TokenKind::kComparison},
    Symbol{"!", TokenKind::kNot},
    Symbol{"=", TokenKind::kAssign},
    Symbol{"(", TokenKind::kOpen},
    Symbol{")", TokenKind::kClose},
    Symbol{",", TokenKind::kComma},
    Symbol{"&", TokenKind::kUnknownSymbol, "&&"},
    Symbol{"|", TokenKind::kUnknownSymbol, "||"},
    Symbol{"~", TokenKind::kUnknownSymbol, "=~"},
};

bool is_word_char(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == ':' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// The end of the word that begins at `at`. A dash counts only inside; before `=` it is `-=`.
std::size_t word_end(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    std::size_t next = at;
    while (next < text.size() && text[next] == '-') ++next;
    if (next == text.size() || !is_word_char(text[next])) return at;
    at = next + 1;
  }
  return at;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, is_ascii_digit);
  };
  return digits(text.substr(0, dot)) && (dot == text.size() || digits(text.substr(dot + 1)));
}

TokenKind word_kind(std::string_view word) {
  for (const Keyword& keyword : kKeywords)
    if (equals_ascii_case(word, keyword.text)) return keyword.kind;
  return is_number(word) ? TokenKind::kNumber : TokenKind::kWord;
}

class Lexer {
 public:
  Lexer(std::string_view text, Diagnostics& diagnostics)
      : text_(text), diagnostics_(&diagnostics) {}

  std::vector<Token> run() {
    while (true) {
      while (at_ < text_.size() && is_ascii_space(text_[at_])) ++at_;
      if (at_ == text_.size() || !next()) break;
    }
    tokens_.push_back({.kind = TokenKind::kEnd, .offset = text_.size(), .length = 0});
    return std::move(tokens_);
  }

 private:
  bool next() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return quoted();
    const bool negative = c == '-' && at_ + 1 < text_.size() && is_ascii_digit(text_[at_ + 1]);
    if (is_word_char(c) || negative) {
      const std::size_t end = word_end(text_, at_ + (negative ? 1 : 0));
      const std::string_view word = text_.substr(at_, end - at_);
      add(word_kind(word), word.size(), std::string(word));
      return true;
    }
    symbol();
    return true;
  }

  void symbol() {
    const std::string_view rest = text_.substr(at_);
    for (const Symbol& symbol : kSymbols) {
      if (!rest.starts_with(symbol.text)) continue;
      add(symbol.kind, symbol.text.size(), std::string(symbol.meant));
      return;
    }
    add(TokenKind::kUnknownSymbol, 1, {});
  }

  bool quoted() {
    const char quote = text_[at_];
    std::string value;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == quote) {
        add_quoted(i + 1 - at_, std::move(value));
        return true;
      }
      const char after = i + 1 < text_.size() ? text_[i + 1] : '\0';
      if (c == '\\' && (after == '"' || after == '\'' || after == '\\')) ++i;
      value += text_[i];
    }
    diagnostics_->push_back(make_diagnostic(Code::kUnclosedQuote, text_, at_, text_.size() - at_,
                                            "this quote is never closed"));
    return false;
  }

  void add_quoted(std::size_t length, std::string value) {
    if (value.size() > kMaxLiteralBytes)
      diagnostics_->push_back(make_diagnostic(Code::kValueTooLong, text_, at_, length,
                                              "a text in quotes may have 32 KB at most"));
    add(TokenKind::kString, length, std::move(value));
  }

  void add(TokenKind kind, std::size_t length, std::string value) {
    tokens_.push_back({.kind = kind, .offset = at_, .length = length, .value = std::move(value)});
    at_ += length;
  }

  std::string_view text_;
  Diagnostics* diagnostics_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view expression, Diagnostics& diagnostics) {
  return Lexer(expression, diagnostics).run();
}

}  // namespace m3u_proxy::rules
