// Completion: what can be written at a place of an expression, and what its words are, for a
// person who writes one. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/rules/lexer.hpp>

namespace m3u_proxy::queries {

enum class ExpressionKind : std::uint8_t { kFilter, kRule };

enum class WordClass : std::uint8_t {
  kField,
  kOperator,
  kValue,
  kKeyword,
  kFunction,
  kNumber,
  kPunctuation,
  kUnknown,
};
/// "field", "operator", "value", "keyword", "function", "number", "punctuation", "unknown".
std::string_view to_string(WordClass word_class);

struct ClassifiedToken {
  std::size_t offset = 0;  ///< bytes
  std::size_t length = 0;
  WordClass word_class = WordClass::kUnknown;
};
/// The words of an expression, as far as it can be read.
std::vector<ClassifiedToken> classify(std::string_view expression);

struct Suggestion {
  std::string label;
  WordClass word_class = WordClass::kField;
  std::string detail{};
};

struct Completion {
  std::size_t from = 0;  ///< bytes [from, to) are replaced
  std::size_t to = 0;
  std::vector<Suggestion> suggestions{};
  /// Of a value: the field whose values can be here, those that begin with `prefix`; in a quote
  /// that is not closed yet they are put in without quotes.
  std::optional<catalog::FieldRef> values_of{};
  std::string prefix{};
  bool is_quoted = false;
};
/// `position` in bytes, within the expression.
Completion complete(std::string_view expression, std::size_t position, ExpressionKind kind,
                    catalog::Domain domain);

}  // namespace m3u_proxy::queries
