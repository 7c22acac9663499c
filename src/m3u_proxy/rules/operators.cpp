#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/operators.hpp>

namespace m3u_proxy::rules {
namespace {

constexpr std::array<OperatorSpelling, 14> kWords = {{
    {"contains", Operator::kContains, false},
    {"equals", Operator::kEquals, false},
    {"matches", Operator::kMatches, false},
    {"starts_with", Operator::kStartsWith, false},
    {"ends_with", Operator::kEndsWith, false},
    {"not_contains", Operator::kContains, true},
    {"not_equals", Operator::kEquals, true},
    {"not_matches", Operator::kMatches, true},
    {"not_starts_with", Operator::kStartsWith, true},
    {"not_ends_with", Operator::kEndsWith, true},
    {"greater_than", Operator::kGreaterThan, false},
    {"less_than", Operator::kLessThan, false},
    {"greater_than_or_equal", Operator::kGreaterOrEqual, false},
    {"less_than_or_equal", Operator::kLessOrEqual, false},
}};
constexpr std::array<OperatorSpelling, 8> kSymbols = {{
    {"==", Operator::kEquals, false},
    {"!=", Operator::kEquals, true},
    {"=~", Operator::kMatches, false},
    {"!~", Operator::kMatches, true},
    {">", Operator::kGreaterThan, false},
    {"<", Operator::kLessThan, false},
    {">=", Operator::kGreaterOrEqual, false},
    {"<=", Operator::kLessOrEqual, false},
}};

}  // namespace

std::optional<OperatorSpelling> find_operator(std::string_view text) {
  for (const OperatorSpelling& symbol : kSymbols)
    if (symbol.text == text) return symbol;
  for (const OperatorSpelling& word : kWords)
    if (equals_ascii_case(word.text, text)) return word;
  return std::nullopt;
}

const std::vector<std::string_view>& operator_words() {
  static const std::vector<std::string_view> kAll = [] {
    std::vector<std::string_view> words;
    words.reserve(std::size(kWords));
    for (const OperatorSpelling& word : kWords) words.push_back(word.text);
    return words;
  }();
  return kAll;
}

}  // namespace m3u_proxy::rules
