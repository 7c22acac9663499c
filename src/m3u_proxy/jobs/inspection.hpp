// Inspection: reads what a provider answered once, before it counts as good: how much there is, and
// which channels.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::jobs {

struct Inspection {
  std::uint64_t items = 0;  ///< channels or programmes
  /// Equal for the same channels in any order; 32 hex digits; "": not known.
  std::string channel_set{};
};

/// Reads a playlist (UTF-8, inflated) to its end. Errors: as of a source of a generation; kParse
/// when it is no playlist or has no channel; kCancelled.
Result<Inspection> inspect_playlist(io::ByteSource& source, const Uuid& id, memory::SlabPool& slabs,
                                    const CancelToken& cancel);

/// The same of a guide, of which the programmes are counted, and whose channels are those that have
/// any. `spill`: where ids go that memory has no room for; nullptr: nowhere.
Result<Inspection> inspect_guide(io::ByteSource& source, memory::Budget& budget,
                                 spill::SpillSpace* spill, const CancelToken& cancel);

/// The same of a playlist that a plugin reads, whose channels only it knows. Errors: of the plugin,
/// also when there is none of that name.
Result<Inspection> inspect_by_plugin(const config::SourceConfig& source, runtime::Run& run);

}  // namespace m3u_proxy::jobs
