#include <m3u_proxy/rules/limits.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::rules {

RuleSet::RuleSet(const std::vector<NamedRule>& rules) {
  std::vector<const Program*> programs;
  for (const NamedRule& rule : rules) {
    names_.push_back(rule.name);
    programs.push_back(&rule.rule.program());
    uses_logo_helper_ = uses_logo_helper_ || rule.rule.uses_logo_helper();
  }
  linked_ = link_programs(programs, kRegexSetMemory);
}

void RuleSet::apply(Record& record, Scratch& scratch, Counts& counts) const {
  if (empty()) return;
  if (counts.counters.size() < names_.size()) counts.counters.resize(names_.size());
  scratch.begin(record, linked_.slots);
  for (std::size_t i = 0; i < linked_.programs.size(); ++i) {
    const Outcome outcome = run(linked_.programs[i], linked_.sets, record, scratch, linked_.slots);
    Counter& counter = counts.counters[i];
    ++counter.evaluated;
    counter.matched += outcome.matched ? 1U : 0U;
    counter.changed += outcome.changed ? 1U : 0U;
    if (outcome.changed && counts.changed != nullptr)
      counts.changed->push_back(static_cast<std::uint16_t>(i));
    counter.value_too_long += outcome.value_too_long;
    counter.kept_required += outcome.kept_required;
  }
}

}  // namespace m3u_proxy::rules
