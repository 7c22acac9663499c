#include <m3u_proxy/rules/filter_set.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::rules {

FilterSet::FilterSet(const std::vector<NamedFilter>& filters) {
  std::vector<const Program*> programs;
  for (const NamedFilter& filter : filters) {
    names_.push_back(filter.name);
    actions_.push_back(filter.action);
    programs.push_back(&filter.filter.program());
  }
  linked_ = link_programs(programs, kRegexSetMemory);
}

bool FilterSet::keep(const Record& record, Scratch& scratch, Counts& counts) const {
  if (empty()) return true;
  if (counts.counters.size() < names_.size()) counts.counters.resize(names_.size());
  scratch.begin(record, linked_.slots);
  bool in = actions_.front() == FilterAction::kExclude;
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    const bool adds = actions_[i] == FilterAction::kInclude;
    if (in == adds) continue;
    Counter& counter = counts.counters[i];
    ++counter.evaluated;
    if (!holds(linked_.programs[i], linked_.sets, scratch)) continue;
    ++counter.matched;
    ++counter.changed;
    if (counts.changed != nullptr) counts.changed->push_back(static_cast<std::uint16_t>(i));
    in = adds;
  }
  return in;
}

}  // namespace m3u_proxy::rules
