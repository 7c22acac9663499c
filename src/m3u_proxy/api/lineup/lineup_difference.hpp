// Lineup difference: how what would be published differs from what is, channel by channel and
// field by field.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/api/access.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/queries/open_generations.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::api {

struct DiffPage {
  std::size_t limit = 100;
  Role role = Role::kViewer;  ///< of the person who sees the addresses
};

struct Difference {
  snapshots::LineupDifference counts{};
  std::string items{};  ///< the first of them in the order of ids, as a JSON list
};
/// Errors: kParse, kIo, kOverBudget.
Result<Difference> find_difference(runtime::Process& process,
                                   const queries::ChannelQueries& channels,
                                   const queries::OpenGeneration& older,
                                   const queries::OpenGeneration& newer, const DiffPage& page);
}  // namespace m3u_proxy::api
