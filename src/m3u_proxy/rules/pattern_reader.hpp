// PatternReader: finds plain text in the source of a regular expression, so that most values are
// answered by a text search. It understands only the common part of RE2's syntax and gives up on
// everything else: giving up costs time, never a wrong answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace m3u_proxy::rules {

/// A pattern, or one of its alternatives, that is nothing but text.
struct PlainText {
  std::string text{};
  bool at_start = false;  ///< `^` before it
  bool at_end = false;    ///< `$` behind it

  bool operator==(const PlainText&) const = default;
};

/// The alternatives of `source` when each is plain text ("news|^sport$"); nullopt otherwise.
std::optional<std::vector<PlainText>> plain_alternatives(std::string_view source);

/// `^prefix(.*)suffix$`: the commonest pattern with a capture, read without a search.
struct Bracketed {
  std::string prefix{};
  std::string suffix{};
  bool needs_middle = false;  ///< `(.+)`: one character at least between them

  bool operator==(const Bracketed&) const = default;
};

/// `source` as Bracketed when it means the same for every value without a line break: anchored at
/// both ends, or open where the group itself reaches the end.
std::optional<Bracketed> bracketed(std::string_view source);

/// The longest text outside groups that every match of `source` must hold (" HD" of "^(.*) HD$");
/// empty when none is certain.
std::string required_text(std::string_view source);

}  // namespace m3u_proxy::rules
