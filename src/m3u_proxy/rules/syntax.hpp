// Syntax: an expression as the parser read it, before anything is compiled. Fields, operators and
// values are still the tokens of the text, so that the compiler can point at them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <m3u_proxy/rules/lexer.hpp>

namespace m3u_proxy::rules {

enum class Operator : std::uint8_t {
  kContains,
  kEquals,
  kMatches,
  kStartsWith,
  kEndsWith,
  kGreaterThan,
  kLessThan,
  kGreaterOrEqual,
  kLessOrEqual,
};

/// `field { not | case_sensitive } operator value`
struct TermSyntax {
  Token field{};
  Token value{};
  Operator op = Operator::kContains;
  bool negated = false;  ///< by `not`, `not_…`, `!=` or `!~`
  bool case_sensitive = false;
  bool positive = true;  ///< not under an odd number of negations, its own included
};

/// A condition's tree; `children` and `term` are indices into the Syntax that holds it.
struct NodeSyntax {
  enum class Kind : std::uint8_t { kAnd, kOr, kNot, kTerm };
  Kind kind = Kind::kTerm;
  std::size_t term = 0;
  std::vector<std::size_t> children{};
};

enum class ActionKind : std::uint8_t { kSet, kSetIfEmpty, kAppend, kRemoveText, kClear };

struct ActionSyntax {
  ActionKind kind = ActionKind::kSet;
  Token field{};
  Token value{};  ///< not for kClear
};

/// How a group hangs on the outcome of the one before it.
enum class Link : std::uint8_t { kAlways, kAnd, kOr };

struct GroupSyntax {
  Link link = Link::kAlways;
  bool has_condition = false;
  std::size_t root = 0;        ///< node, when there is a condition
  std::size_t first_term = 0;  ///< its terms are [first_term, end_term), in the text's order
  std::size_t end_term = 0;
  std::vector<ActionSyntax> actions{};
};

struct Syntax {
  std::vector<TermSyntax> terms{};
  std::vector<NodeSyntax> nodes{};
  std::vector<GroupSyntax> groups{};  ///< a filter is one group without actions
};

}  // namespace m3u_proxy::rules
