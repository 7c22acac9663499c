// Program: an expression compiled: a decision graph of terms per group, and the group's actions.
// Immutable and thread-safe; running it changes only the record and the Scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/rules/pattern.hpp>
#include <m3u_proxy/rules/pattern_set.hpp>
#include <m3u_proxy/rules/record.hpp>
#include <m3u_proxy/rules/scratch.hpp>
#include <m3u_proxy/rules/syntax.hpp>
#include <m3u_proxy/rules/value.hpp>

namespace m3u_proxy::rules {

inline constexpr std::size_t kNoSet = std::numeric_limits<std::size_t>::max();

/// One comparison.
struct Term {
  std::size_t slot = 0;
  Operator op = Operator::kContains;
  bool negated = false;
  bool case_sensitive = false;
  bool any_value = false;                    ///< the field may have several: any will do
  Value value{};                             ///< when it holds other fields
  std::string text{};                        ///< else: the constant, folded unless case counts
  std::optional<std::int64_t> date{};        ///< the constant as a date, for > < >= <=
  bool is_instant = false;                   ///< the constant is a point in time, not a number
  bool by_channel_number = false;            ///< 5.2 < 5.10
  std::shared_ptr<const Pattern> pattern{};  ///< of kMatches
  PairMask pairs = 0;                        ///< that a value with a match holds; 0: not looked at
  std::size_t place_in_set = kNoSet;         ///< its place in its slot's PatternSet
};

/// A term and where to go on from it: the index of a step, or one of the two ends.
struct Step {
  std::size_t term = 0;
  std::size_t if_true = 0;
  std::size_t if_false = 0;
};
inline constexpr std::size_t kAccept = std::numeric_limits<std::size_t>::max();
inline constexpr std::size_t kReject = kAccept - 1;

struct Action {
  ActionKind kind = ActionKind::kSet;
  std::size_t slot = 0;
  bool needs_value =
      false;  ///< the field must not become blank (channel_name, stream_url, channel_id)
  Value value{};
};

/// A positive `matches` term whose groups the actions use.
struct CaptureSource {
  std::size_t term = 0;
  std::size_t first_number = 0;  ///< the number before that of its first group
  std::size_t groups = 0;        ///< how many are used, from its first on
  bool gives_whole = false;      ///< its whole match is `$0`
};

struct Group {
  Link link = Link::kAlways;
  std::size_t entry = kAccept;  ///< the first step; kAccept: no condition
  std::vector<Action> actions{};
  std::vector<CaptureSource> captures{};
  std::size_t capture_count = 0;  ///< size of the table of captures
};

/// What a rule did to one record.
struct Outcome {
  bool matched = false;              ///< a group's condition was true
  bool changed = false;              ///< a field has another value than before
  std::uint32_t value_too_long = 0;  ///< actions left out: more than 64 KB
  std::uint32_t kept_required = 0;  ///< actions left out: channel_name or stream_url would be blank
};

struct Program {
  std::vector<catalog::FieldRef> slots{};  ///< the fields that terms, actions and values name
  std::vector<Term> terms{};
  std::vector<Step> steps{};
  std::vector<Group> groups{};
  bool uses_logo_helper = false;
};

/// The sets of patterns per slot; empty or nullptr where there is none.
using PatternSets = std::vector<std::shared_ptr<const PatternSet>>;

/// Whether the first group's condition holds. Scratch::begin() must have been called with the
/// record and the slots that the program's indices mean.
bool holds(const Program& program, const PatternSets& sets, Scratch& scratch);
/// Runs all groups. The same condition.
Outcome run(const Program& program, const PatternSets& sets, Record& record, Scratch& scratch,
            const std::vector<catalog::FieldRef>& slots);

}  // namespace m3u_proxy::rules
