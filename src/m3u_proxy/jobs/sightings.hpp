// Sightings: tells the store which of the channels that people edited a source has, after a
// refresh, so that edits outlive a channel that vanishes for some time, and not for ever.
#pragma once

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/spill/spill_space.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// What a playlist can tell of channels: an older one only that it had them.
enum class PlaylistIs : std::uint8_t { kCurrent, kOlder };

/// Reads a playlist (UTF-8, inflated) of the source to its end, unless there are no edits at all.
/// `spill`: where the ids of many channels are sorted; may be nullptr. Errors: of the playlist and
/// of the store; kOverBudget, kDiskFull, kCancelled.
Result<> record_sightings(store::Store& store, const Uuid& source, io::ByteSource& playlist,
                          PlaylistIs is, memory::SlabPool& slabs, spill::SpillSpace* spill,
                          store::Time now, const CancelToken& cancel);

}  // namespace m3u_proxy::jobs
