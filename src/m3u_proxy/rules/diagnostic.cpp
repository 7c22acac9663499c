#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/rules/diagnostic.hpp>

namespace m3u_proxy::rules {
namespace {

constexpr std::size_t kOffendingBytes = 60;
// How much of a long line is shown on each side of the caret.
constexpr std::size_t kContextBytes = 60;

constexpr std::array<std::string_view, 4> kCategoryNames = {"syntax", "operator", "field", "value"};

struct CodeInfo {
  std::string_view name;
  Category category;
};
constexpr std::array<CodeInfo, 13> kCodes = {{
    {"empty_expression", Category::kSyntax},
    {"unclosed_quote", Category::kSyntax},
    {"unclosed_parenthesis", Category::kSyntax},
    {"unexpected_token", Category::kSyntax},
    {"unknown_operator", Category::kOperator},
    {"operator_typo", Category::kOperator},
    {"unknown_field", Category::kField},
    {"read_only_field", Category::kField},
    {"invalid_regex", Category::kValue},
    {"invalid_helper", Category::kValue},
    {"value_too_long", Category::kValue},
    {"expression_too_large", Category::kSyntax},
    {"unknown_capture", Category::kValue},
}};

bool is_character_start(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, is_character_start));
}

std::size_t line_start(std::string_view expression, std::size_t offset) {
  if (offset == 0) return 0;
  const std::size_t newline = expression.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::size_t to_character_start(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && !is_character_start(text[at])) --at;
  return at;
}

}  // namespace

std::string_view to_string(Category category) {
  return kCategoryNames[static_cast<std::size_t>(category)];
}

std::string_view to_string(Code code) { return kCodes[static_cast<std::size_t>(code)].name; }

Category category_of(Code code) { return kCodes[static_cast<std::size_t>(code)].category; }

Diagnostic make_diagnostic(Code code, std::string_view expression, std::size_t offset,
                           std::size_t length, std::string message, std::string suggestion) {
  offset = std::min(offset, expression.size());
  const std::size_t start = line_start(expression, offset);
  return {
      .category = category_of(code),
      .code = code,
      .line = static_cast<std::size_t>(std::ranges::count(expression.substr(0, offset), '\n')) + 1,
      .column = characters(expression.substr(start, offset - start)) + 1,
      .offset = offset,
      .offending = excerpt(expression.substr(offset, length), kOffendingBytes),
      .message = std::move(message),
      .suggestion = std::move(suggestion)};
}

std::string Diagnostic::pretty(std::string_view expression) const {
  std::string out = fmt::format("{}:{}: {}", line, column, message);
  if (!suggestion.empty()) out += fmt::format(" (did you mean '{}'?)", suggestion);
  if (trim(expression).empty()) return out;  // nothing to point at
  const std::size_t at = std::min(offset, expression.size());
  const std::size_t start = line_start(expression, at);
  const std::size_t end = std::min(expression.find('\n', at), expression.size());
  const bool cut_front = at - start > kContextBytes;
  const bool cut_back = end - at > kContextBytes;
  const std::size_t first = cut_front ? to_character_start(expression, at - kContextBytes) : start;
  const std::size_t last = cut_back ? to_character_start(expression, at + kContextBytes) : end;
  std::string before(expression.substr(first, at - first));
  std::string after(expression.substr(at, last - at));
  // A tab in the line would move the caret away from what it points at.
  blank_controls(before);
  blank_controls(after);
  if (cut_front) before.insert(0, "…");
  if (cut_back) after += "…";
  const std::size_t marked = std::clamp<std::size_t>(characters(offending), 1,
                                                     std::max<std::size_t>(characters(after), 1));
  out += fmt::format("\n  {}{}\n  {:{}}^{:~>{}}", before, after, "", characters(before), "",
                     marked - 1);
  return out;
}

}  // namespace m3u_proxy::rules
