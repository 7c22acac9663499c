// The report's keys about memory; apart from report.hpp, which does without the JSON library.
#pragma once

#include <nlohmann/json.hpp>

#include <m3u_proxy/generation/generation_stats.hpp>

namespace m3u_proxy::report {

/// Adds `memory_cleanup_failures`, `cleanup_history`, `pools`, `prediction`, `limit_changes` and
/// `alerts` to a report.
void add_memory_report(nlohmann::ordered_json& report, const generation::GenerationStats& stats);

}  // namespace m3u_proxy::report
