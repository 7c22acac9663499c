// Operators: the words and symbols of comparisons. Tables only.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <m3u_proxy/rules/syntax.hpp>

namespace m3u_proxy::rules {

struct OperatorSpelling {
  std::string_view text;
  Operator op;
  bool negated;
};

/// The operator that `text` spells, words in any case; nullopt when it is none.
std::optional<OperatorSpelling> find_operator(std::string_view text);
/// All words, for suggestions.
const std::vector<std::string_view>& operator_words();

}  // namespace m3u_proxy::rules
