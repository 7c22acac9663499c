// Linker: puts several programs on one table of fields, so that a list of filters or rules asks a
// record for each value once, folds it once, and searches many patterns on it together.
#pragma once

#include <vector>

#include <m3u_proxy/rules/program.hpp>

namespace m3u_proxy::rules {

struct LinkedPrograms {
  std::vector<catalog::FieldRef> slots{};
  std::vector<Program> programs{};  ///< indices of fields are those of `slots`
  PatternSets sets{};               ///< by slot
};

/// Copies and links `programs`, in their order. `set_memory` bounds each search of many patterns
/// (bytes); where RE2 cannot compile them in it, they are searched one by one.
LinkedPrograms link_programs(const std::vector<const Program*>& programs, std::int64_t set_memory);

}  // namespace m3u_proxy::rules
