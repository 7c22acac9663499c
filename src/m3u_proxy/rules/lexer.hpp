// Lexer: the text of an expression as tokens. Knows spelling only; what a word means where it
// is allowed is the parser's matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/rules/diagnostic.hpp>

namespace m3u_proxy::rules {

enum class TokenKind : std::uint8_t {
  kEnd,
  kWord,    ///< a field's or an operator's name
  kString,  ///< quoted; `value` is the text without quotes and escapes
  kNumber,
  kOpen,
  kClose,
  kComma,
  kAnd,
  kOr,
  kNot,
  kSet,
  kRemove,
  kCaseSensitive,
  kComparison,  ///< == != =~ !~ > < >= <=
  kAssign,      ///< =
  kAssignIfEmpty,
  kAppend,
  kRemoveText,
  kUnknownSymbol,  ///< `value` is the operator that was probably meant, or empty
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t offset = 0;  ///< in bytes
  std::size_t length = 0;
  std::string value{};
};

/// The tokens of `expression`, closed by one kEnd. An unclosed quote adds a diagnostic and ends
/// the list. Linear in the length of the text.
std::vector<Token> tokenize(std::string_view expression, Diagnostics& diagnostics);

}  // namespace m3u_proxy::rules
