// RowOrder: the channels of a lineup in the order of one of their columns, as row numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <vector>

#include <m3u_proxy/queries/channel_query.hpp>
#include <m3u_proxy/queries/row_list.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::queries {

/// Immutable once it is made.
struct RowOrder {
  explicit RowOrder(memory::Budget& budget)
      : resource(budget, memory::Tag::kSnapshot), rows(&resource) {}
  memory::BudgetResource resource;
  std::pmr::vector<std::uint32_t> rows;
};

/// Sorts a lineup's channels, what is alike in the output's order. `spill`: where keys wait that
/// memory has no room for; nullptr: nowhere. Errors: kIo, kParse, kOverBudget, kDiskFull;
/// kCancelled when `stop` said so.
Result<std::shared_ptr<const RowOrder>> order_rows(const snapshots::Lineup& lineup,
                                                   ChannelSort sort, memory::Budget& budget,
                                                   spill::SpillSpace* spill, const Stop& stop);

/// Those of `order` that are in `list`, which is complete. Errors: kOverBudget.
Result<std::shared_ptr<const RowOrder>> order_list(const RowOrder& order, const RowList& list,
                                                   memory::Budget& budget);

}  // namespace m3u_proxy::queries
