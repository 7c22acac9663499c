// Report: what a generation did, as JSON for programs, as a tree and as one line for people.
#pragma once

#include <string>

#include <m3u_proxy/generation/generation_stats.hpp>

namespace m3u_proxy::report {

/// The report as JSON, two spaces of indentation; keys as the members are named.
std::string to_json(const generation::GenerationStats& stats);
/// `Generation completed in 7593ms: …` and the tree of stages, lines separated by LF.
std::string generation_tree(const generation::GenerationStats& stats);
/// The one line for people: channels, programmes, changes, guide coverage, problems, paths.
std::string summary_line(const generation::GenerationStats& stats);

}  // namespace m3u_proxy::report
