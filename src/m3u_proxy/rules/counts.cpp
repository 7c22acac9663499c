#include <m3u_proxy/rules/counts.hpp>

namespace m3u_proxy::rules {

void Counts::merge(const Counts& other) {
  if (counters.size() < other.counters.size()) counters.resize(other.counters.size());
  for (std::size_t i = 0; i < other.counters.size(); ++i) {
    Counter& own = counters[i];
    const Counter& added = other.counters[i];
    own.evaluated += added.evaluated;
    own.matched += added.matched;
    own.changed += added.changed;
    own.value_too_long += added.value_too_long;
    own.kept_required += added.kept_required;
  }
}

}  // namespace m3u_proxy::rules
