#include <algorithm>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/linker.hpp>

namespace m3u_proxy::rules {
namespace {

std::size_t slot_of(std::vector<catalog::FieldRef>& slots, const catalog::FieldRef& field) {
  const auto found = std::ranges::find(slots, field);
  if (found != slots.end()) return static_cast<std::size_t>(found - slots.begin());
  slots.push_back(field);
  return slots.size() - 1;
}

void move_value(Value& value, const std::vector<std::size_t>& places) {
  for (ValuePart& part : value.parts)
    if (part.kind == ValuePart::Kind::kField) part.slot = places[part.slot];
}

/// Makes the program's indices of fields those of `slots`.
void relocate(Program& program, std::vector<catalog::FieldRef>& slots) {
  std::vector<std::size_t> places;
  places.reserve(program.slots.size());
  for (const catalog::FieldRef& field : program.slots) places.push_back(slot_of(slots, field));
  for (Term& term : program.terms) {
    term.slot = places[term.slot];
    move_value(term.value, places);
  }
  for (Group& group : program.groups)
    for (Action& action : group.actions) {
      action.slot = places[action.slot];
      move_value(action.value, places);
    }
  program.slots.clear();
}

/// Gives the costly patterns on one field a common search, when there are enough of them.
std::shared_ptr<const PatternSet> make_set(std::vector<Program>& programs, std::size_t slot,
                                           std::int64_t memory) {
  std::vector<Term*> terms;
  std::vector<std::string> sources;
  for (Program& program : programs)
    for (Term& term : program.terms)
      if (term.slot == slot && term.pattern && term.pattern->is_costly()) {
        terms.push_back(&term);
        sources.push_back(term.pattern->regex_source());
      }
  if (terms.size() < kRegexSetThreshold) return nullptr;
  auto set = PatternSet::compile(sources, memory);
  if (!set) return nullptr;
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i]->place_in_set = i;
  return set;
}

/// What a value must hold for the term to be true; 0 when nothing is certain.
PairMask pairs_of(const Term& term) {
  if (term.op == Operator::kMatches) return term.pattern->pairs();
  return term.op == Operator::kContains ? pair_mask(folded(term.text)) : PairMask{0};
}

/// Lets the searches for texts in one field look at its pairs first, when there are enough of
/// them to be worth reading the pairs.
void use_pairs(std::vector<Program>& programs, std::size_t slot) {
  std::vector<Term*> terms;
  for (Program& program : programs)
    for (Term& term : program.terms)
      if (term.slot == slot && pairs_of(term) != 0) terms.push_back(&term);
  if (terms.size() < kPairsThreshold) return;
  for (Term* term : terms) term->pairs = pairs_of(*term);
}

}  // namespace

LinkedPrograms link_programs(const std::vector<const Program*>& programs, std::int64_t set_memory) {
  LinkedPrograms linked;
  for (const Program* program : programs) {
    linked.programs.push_back(*program);
    relocate(linked.programs.back(), linked.slots);
  }
  for (std::size_t slot = 0; slot < linked.slots.size(); ++slot) {
    linked.sets.push_back(make_set(linked.programs, slot, set_memory));
    use_pairs(linked.programs, slot);
  }
  return linked;
}

}  // namespace m3u_proxy::rules
