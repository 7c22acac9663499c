#include <algorithm>
#include <cstdint>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/rules/comparison.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/program.hpp>

namespace m3u_proxy::rules {
namespace {

/// `text` with its captures and fields put in. False when it would grow beyond the cap.
bool assemble(const Value& value, Scratch& scratch, std::string& out) {
  out.clear();
  for (const ValuePart& part : value.parts) {
    std::string_view piece = part.text;
    if (part.kind == ValuePart::Kind::kField) piece = scratch.value(part.slot);
    if (part.kind == ValuePart::Kind::kCapture)
      piece = scratch.captures[static_cast<std::size_t>(part.capture)];
    if (out.size() + piece.size() > kMaxValueBytes) return false;
    out += piece;
  }
  return true;
}

bool ordered(Operator op, std::partial_ordering order) {
  switch (op) {
    case Operator::kGreaterThan:
      return order > 0;
    case Operator::kLessThan:
      return order < 0;
    case Operator::kGreaterOrEqual:
      return order >= 0;
    case Operator::kLessOrEqual:
      return order <= 0;
    default:
      return false;
  }
}

bool compare(const Term& term, std::string_view text, std::string_view needle,
             std::optional<std::int64_t> date) {
  switch (term.op) {
    case Operator::kContains:
      return contains_bytes(text, needle);
    case Operator::kEquals:
      return text == needle;
    case Operator::kStartsWith:
      return text.starts_with(needle);
    case Operator::kEndsWith:
      return text.ends_with(needle);
    default:
      break;
  }
  if (term.by_channel_number)
    if (const auto order = compare_channel_numbers(text, needle)) return ordered(term.op, *order);
  if (!term.is_instant) return ordered(term.op, compare_values(text, needle, date));
  const auto instant = parse_date(text);
  return instant && ordered(term.op, *instant <=> *date);
}

bool is_ordering(Operator op) { return op >= Operator::kGreaterThan; }

bool found(const Term& term, const PatternSets& sets, Scratch& scratch) {
  if (term.place_in_set != kNoSet) {
    const auto answer = scratch.set_answer(term.slot, *sets[term.slot], term.place_in_set);
    if (answer != Scratch::Answer::kUnknown) return answer == Scratch::Answer::kYes;
  }
  const std::string_view folded =
      term.case_sensitive ? std::string_view() : scratch.folded(term.slot);
  return term.pattern->matches(scratch.value(term.slot), folded);
}

/// Whether `text`, which is folded unless the term is case-sensitive, compares as the term says.
bool compares(const Term& term, std::string_view text, Scratch& scratch) {
  if (term.value.parts.empty()) return compare(term, text, term.text, term.date);
  // The other side is made of the record's fields: it can only be prepared here.
  std::string needle;
  if (!assemble(term.value, scratch, needle)) return false;
  if (!term.case_sensitive) needle = folded(needle);
  return compare(term, text, needle,
                 is_ordering(term.op) ? parse_date(needle) : std::optional<std::int64_t>());
}

/// Whether the term is true of the field's first value, often its only one.
bool is_true_of_first(const Term& term, const PatternSets& sets, Scratch& scratch) {
  if (term.pairs != 0 && !may_contain(scratch.pairs(term.slot), term.pairs)) return false;
  if (term.op == Operator::kMatches) return found(term, sets, scratch);
  return compares(term, term.case_sensitive ? scratch.value(term.slot) : scratch.folded(term.slot),
                  scratch);
}

/// Whether it is true of `value`, one of several.
bool is_true_of(const Term& term, std::string_view value, Scratch& scratch) {
  const std::string folded_value = term.case_sensitive ? std::string() : folded(value);
  if (term.op == Operator::kMatches) return term.pattern->matches(value, folded_value);
  return compares(term, term.case_sensitive ? value : folded_value, scratch);
}

bool is_true(const Term& term, const PatternSets& sets, Scratch& scratch) {
  if (is_true_of_first(term, sets, scratch)) return true;
  return term.any_value &&
         std::ranges::any_of(scratch.further(term.slot), [&](std::string_view value) {
           return is_true_of(term, value, scratch);
         });
}

/// The value that a pattern's groups are taken from: of several the first with a match.
std::string_view matched_value(const Term& term, Scratch& scratch) {
  const std::string_view first = scratch.value(term.slot);
  if (!term.any_value || is_true_of(term, first, scratch)) return first;
  for (const std::string_view value : scratch.further(term.slot))
    if (is_true_of(term, value, scratch)) return value;
  return first;
}

bool accepts(const Program& program, std::size_t step, const PatternSets& sets, Scratch& scratch) {
  while (step < kReject) {
    const Step& s = program.steps[step];
    const Term& term = program.terms[s.term];
    step = is_true(term, sets, scratch) != term.negated ? s.if_true : s.if_false;
  }
  return step == kAccept;
}

void fill_captures(const Program& program, const Group& group, Scratch& scratch) {
  scratch.captures.assign(group.capture_count, {});
  for (const CaptureSource& source : group.captures) {
    const Term& term = program.terms[source.term];
    scratch.groups.resize(source.groups + 1);
    term.pattern->capture(matched_value(term, scratch), scratch.groups);
    if (source.gives_whole) scratch.captures[0] = scratch.groups[0];
    for (std::size_t i = 1; i <= source.groups; ++i)
      scratch.captures[source.first_number + i] = scratch.groups[i];
  }
}

void erase_all(std::string_view text, std::string_view piece, std::string& out) {
  out.clear();
  while (true) {
    const std::size_t at = piece.empty() ? std::string_view::npos : find_bytes(text, piece);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + piece.size());
  }
}

// Works out the field's new value into scratch.assembled.
enum class Effect : std::uint8_t { kNone, kWrite, kTooLong };

Effect prepare(const Action& action, std::string_view current, Scratch& scratch) {
  std::string& out = scratch.assembled;
  if (action.kind == ActionKind::kSetIfEmpty && !trim(current).empty()) return Effect::kNone;
  if (!assemble(action.value, scratch, out)) return Effect::kTooLong;
  if (action.kind == ActionKind::kAppend) {
    if (current.size() + out.size() > kMaxValueBytes) return Effect::kTooLong;
    out.insert(0, current);
  }
  if (action.kind == ActionKind::kRemoveText) {
    std::swap(scratch.piece, out);
    erase_all(current, scratch.piece, out);
  }
  return out == current ? Effect::kNone : Effect::kWrite;
}

void act(const Action& action, Record& record, Scratch& scratch,
         const std::vector<catalog::FieldRef>& slots, Outcome& outcome) {
  const std::string_view current = scratch.value(action.slot);
  const Effect effect = prepare(action, current, scratch);
  if (effect == Effect::kTooLong) ++outcome.value_too_long;
  if (effect != Effect::kWrite) return;
  if (action.needs_value && trim(scratch.assembled).empty()) {
    ++outcome.kept_required;
    return;
  }
  record.set(slots[action.slot], scratch.assembled);
  scratch.forget(action.slot);
  outcome.changed = true;
}

}  // namespace

bool holds(const Program& program, const PatternSets& sets, Scratch& scratch) {
  return accepts(program, program.groups.front().entry, sets, scratch);
}

Outcome run(const Program& program, const PatternSets& sets, Record& record, Scratch& scratch,
            const std::vector<catalog::FieldRef>& slots) {
  Outcome outcome;
  bool before = false;  // the outcome of the group before, passed on by those left out
  for (const Group& group : program.groups) {
    const bool left_out =
        (group.link == Link::kAnd && !before) || (group.link == Link::kOr && before);
    if (left_out) continue;
    before = accepts(program, group.entry, sets, scratch);
    if (!before) continue;
    outcome.matched = true;
    fill_captures(program, group, scratch);
    for (const Action& action : group.actions) act(action, record, scratch, slots, outcome);
  }
  return outcome;
}

}  // namespace m3u_proxy::rules
