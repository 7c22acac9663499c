// Reply reader: what is in a provider's reply, one after the other, as a generation tells it apart.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::jobs {

/// False ends the reading.
using ChannelVisitor =
    std::function<Result<bool>(const catalog::ChannelBatch& batch, std::size_t row)>;
using ProgrammeVisitor = std::function<Result<bool>(std::string_view channel)>;

/// Shows each channel of a playlist (UTF-8, inflated) once, with the id that a generation gives it.
/// `spill`: where the ids of many go; may be nullptr. Errors: of the playlist and of `visit`;
/// kOverBudget, kDiskFull, kCancelled. Throws memory::OverBudget.
Result<> read_channels(io::ByteSource& playlist, const Uuid& source, memory::SlabPool& slabs,
                       spill::SpillSpace* spill, const CancelToken& cancel,
                       const ChannelVisitor& visit);

/// Shows the id that each programme of a guide (UTF-8, inflated) names. Errors and what it throws:
/// the same.
Result<> read_programmes(io::ByteSource& guide, memory::Budget& budget, const CancelToken& cancel,
                         const ProgrammeVisitor& visit);

}  // namespace m3u_proxy::jobs
