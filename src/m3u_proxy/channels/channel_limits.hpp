// The limits that hold for every channel once rules or plugins had it.
#pragma once

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::channels {

/// Drops, and counts in `problems`, channels that can't be published: no address, one that does
/// not read as such, a name or an address longer than rules::kMaxValueBytes. Any other value of
/// that length is dropped alone, and counted.
void enforce_channel_limits(catalog::ChannelBatch& batch, ProblemLog& problems);

}  // namespace m3u_proxy::channels
