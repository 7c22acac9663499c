// Channel row: one row of a batch as a row of bytes, for channels that travel one by one (sorting).
// Only for rows that this process made: the bytes are not checked. Pure; thread-safe.
#pragma once

#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::channels {

/// Appends the row's bytes to `out`. Throws memory::OverBudget.
void append_row(const catalog::ChannelBatch& batch, std::size_t row,
                std::pmr::vector<std::uint8_t>& out);
/// Adds the row that the bytes say to `batch`, which keeps a copy of them. Throws
/// memory::OverBudget.
void add_row(std::string_view bytes, catalog::ChannelBatch& batch);

}  // namespace m3u_proxy::channels
