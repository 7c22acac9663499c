// Diagnostic: what is wrong with an expression, where in its text, and what was probably meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace m3u_proxy::rules {

/// Which part of the language an error is about.
enum class Category : std::uint8_t { kSyntax, kOperator, kField, kValue };

enum class Code : std::uint8_t {
  kEmptyExpression,
  kUnclosedQuote,
  kUnclosedParenthesis,
  kUnexpectedToken,
  kUnknownOperator,
  kOperatorTypo,
  kUnknownField,
  kReadOnlyField,
  kInvalidRegex,
  kInvalidHelper,
  kValueTooLong,
  kExpressionTooLarge,
  kUnknownCapture,
};

/// "syntax", "operator", "field", "value"
[[nodiscard]] std::string_view to_string(Category category);
/// "unknown_field" and so on: the names in reports and in the API.
[[nodiscard]] std::string_view to_string(Code code);
[[nodiscard]] Category category_of(Code code);

struct Diagnostic {
  Category category = Category::kSyntax;
  Code code = Code::kUnexpectedToken;
  std::size_t line = 1;    ///< from 1
  std::size_t column = 1;  ///< from 1, in characters
  std::size_t offset = 0;  ///< from 0, in bytes
  std::string offending;   ///< the text it is about; empty at the end of the expression
  std::string message;     ///< a sentence for people
  std::string suggestion;  ///< what to write instead; empty when nothing is close

  bool operator==(const Diagnostic&) const = default;

  /// Three lines for a terminal: `1:14: message (did you mean 'contains'?)`, the line of the
  /// expression (cut around the place when it is long), and a caret under the offending text.
  [[nodiscard]] std::string pretty(std::string_view expression) const;
};

using Diagnostics = std::vector<Diagnostic>;

/// Makes a diagnostic for the bytes [offset, offset + length) of `expression`.
[[nodiscard]] Diagnostic make_diagnostic(Code code, std::string_view expression, std::size_t offset,
                                         std::size_t length, std::string message,
                                         std::string suggestion = {});

}  // namespace m3u_proxy::rules
