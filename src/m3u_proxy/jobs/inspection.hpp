// Inspection: reads what a provider answered once, before it counts as good: how much there is, and
// which channels.
#pragma once

#include <cstdint>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::jobs {

struct Inspection {
  std::uint64_t items = 0;    ///< channels or programmes
  std::string channel_set{};  ///< equal for the same channels in any order; 32 hex digits
};

/// Reads a playlist (UTF-8, inflated) to its end. Errors: as of a source of a generation; kParse
/// when it is no playlist or has no channel; kCancelled.
Result<Inspection> inspect_playlist(io::ByteSource& source, const Uuid& id, memory::SlabPool& slabs,
                                    const CancelToken& cancel);

/// The same of a guide, of which only the programmes are counted.
Result<Inspection> inspect_guide(io::ByteSource& source, memory::Budget& budget,
                                 const CancelToken& cancel);

}  // namespace m3u_proxy::jobs
