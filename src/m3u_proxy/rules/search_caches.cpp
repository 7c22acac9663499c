#include <memory>
#include <utility>

#include <m3u_proxy/rules/search_caches.hpp>

namespace m3u_proxy::rules {

std::size_t SearchCaches::drop(LinkedPrograms& linked, bool only_common) {
  const std::lock_guard lock(mutex_);
  if (uses_ != 0) return 0;
  std::size_t dropped = 0;
  // Others may have the old ones still: these are replaced, not changed.
  for (std::shared_ptr<const PatternSet>& set : linked.sets) {
    auto fresh = set ? set->fresh() : nullptr;
    if (!fresh) continue;
    set = std::move(fresh);
    ++dropped;
  }
  if (only_common) return dropped;
  for (Program& program : linked.programs)
    for (Term& term : program.terms) {
      if (!term.pattern || term.pattern->is_plain_text()) continue;
      term.pattern = term.pattern->fresh();
      ++dropped;
    }
  return dropped;
}

}  // namespace m3u_proxy::rules
