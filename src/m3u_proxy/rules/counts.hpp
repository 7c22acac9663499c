// Counts: what the filters or rules of a list did. Each batch fills its own; the caller merges
// them. A sum, so it does not depend on how records were shared out among threads.
#pragma once

#include <cstdint>
#include <vector>

namespace m3u_proxy::rules {

struct Counter {
  std::uint64_t evaluated = 0;       ///< records whose condition was worked out
  std::uint64_t matched = 0;         ///< of these, the condition was true
  std::uint64_t changed = 0;         ///< records that a rule changed, or whose place in the result
                                     ///< a filter changed
  std::uint64_t value_too_long = 0;  ///< actions left out: the value would be over 64 KB
  std::uint64_t kept_required = 0;   ///< actions left out: they would clear a name, a URL or an id

  bool operator==(const Counter&) const = default;
};

/// One counter a filter or rule, in the list's order; empty before the first record.
struct Counts {
  std::vector<Counter> counters{};
  /// Where wanted: gets the index of each filter or rule that changes the record at hand.
  std::vector<std::uint16_t>* changed = nullptr;

  void merge(const Counts& other);
};

}  // namespace m3u_proxy::rules
