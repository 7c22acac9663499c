// Pattern: one regular expression of a `matches` term, searched the cheapest way that gives RE2's
// answer: as plain text where it is plain text, behind a search for a text that every match must
// hold, or by RE2 itself, to which `\w`, `\s` and `\d` mean all scripts (unicode_classes.hpp).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/rules/pair_mask.hpp>
#include <m3u_proxy/rules/pattern_reader.hpp>

namespace re2 {
class RE2;
}

namespace m3u_proxy::rules {

enum class CaseRule : std::uint8_t { kIgnore, kExact };

class Pattern {
 public:
  /// Error: RE2's message. Immutable and thread-safe once compiled.
  static std::expected<std::shared_ptr<const Pattern>, std::string> compile(std::string_view source,
                                                                            CaseRule case_rule);

  /// The same pattern, without what RE2 has remembered while it searched.
  [[nodiscard]] std::shared_ptr<const Pattern> fresh() const;

  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern();

  /// Whether the pattern is found in `value`; `folded` is the folded value, used only when case
  /// does not count.
  [[nodiscard]] bool matches(std::string_view value, std::string_view folded) const;
  /// Fills `groups` (the whole match first, 100 at most) with views of the first match in `value`,
  /// empty ones when there is none or a group took no part.
  void capture(std::string_view value, std::span<std::string_view> groups) const;

  /// Without a text to look for first: a search by RE2 for every value.
  [[nodiscard]] bool is_costly() const {
    return alternatives_.empty() && !bracketed_ && required_.empty();
  }
  /// Pairs of characters that every value with a match holds; 0 when none are known.
  [[nodiscard]] PairMask pairs() const { return pairs_; }
  /// The source as RE2 takes it, the rule of case included.
  [[nodiscard]] const std::string& regex_source() const { return regex_source_; }
  [[nodiscard]] int group_count() const;
  /// The number of the group called `name`; 0 when there is none.
  [[nodiscard]] int group_number(std::string_view name) const;
  /// Size of the compiled program, in instructions.
  [[nodiscard]] int program_size() const;
  /// The text that every match holds, folded unless case counts; empty when none is known.
  [[nodiscard]] const std::string& required_text() const { return required_; }
  /// True when RE2 is only asked for captures.
  [[nodiscard]] bool is_plain_text() const { return !alternatives_.empty(); }

 private:
  Pattern() = default;
  void read_source(std::string_view source);
  [[nodiscard]] bool capture_bracketed(std::string_view value,
                                       std::span<std::string_view> groups) const;

  CaseRule case_rule_ = CaseRule::kIgnore;
  std::string regex_source_;
  std::vector<PlainText> alternatives_;
  std::optional<Bracketed> bracketed_;
  std::string required_;
  PairMask pairs_ = 0;
  std::unique_ptr<const re2::RE2> regex_;
};

}  // namespace m3u_proxy::rules
