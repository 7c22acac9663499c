// ChannelQueries: pages of a lineup's channels: all of them or those that a query is true for, in
// the output's order or that of a column, from any place on.
//
// What a query has found is kept for the next page, its count and other orders: row numbers, under
// the Budget, given up when memory is asked for or cleaned. A page has what was found in the time
// that there is; looking goes on where it ended.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/queries/channel_query.hpp>
#include <m3u_proxy/queries/row_list.hpp>
#include <m3u_proxy/queries/row_order.hpp>

namespace m3u_proxy::queries {

/// A channel as it was published.
struct ChannelItem {
  std::uint64_t row = 0;  ///< place in the output, from 0
  Uuid id{};
  std::string number{};
  std::string name{};
  std::string group{};
  std::string logo{};
  std::string guide_id{};
  std::string source{};
  std::string url{};  ///< of the source, with credentials
};

struct ChannelPage {
  std::vector<ChannelItem> items{};
  std::uint64_t from = 0;   ///< place of the first one in the result
  std::uint64_t total = 0;  ///< of the result, as far as it is known
  bool total_is_exact = true;
  bool more = false;  ///< there is something behind the last one, or may be
  /// What has not looked at every channel yet; nullptr: nothing.
  std::shared_ptr<RowList> unfinished{};
};

struct GroupCount {
  std::string name{};
  std::uint64_t channels = 0;
};

/// Which lineup a question is about.
struct LineupKey {
  Uuid proxy{};
  std::int64_t generation = 0;
  std::shared_ptr<const snapshots::Lineup> lineup{};
};

/// Thread-safe.
class ChannelQueries final : public memory::MemoryCleanable {
 public:
  static constexpr std::size_t kMostItems = 500;
  static constexpr std::size_t kMostKept = 64;  ///< lists, orders and counts

  using MakeSpill = std::function<std::unique_ptr<spill::SpillSpace>()>;
  /// `budget` outlives this.
  ChannelQueries(memory::Budget& budget, MakeSpill make_spill);
  ~ChannelQueries() override;
  ChannelQueries(const ChannelQueries&) = delete;
  ChannelQueries& operator=(const ChannelQueries&) = delete;

  struct Place {
    std::uint64_t from = 0;
    std::size_t limit = 100;  ///< 1 to kMostItems
  };
  /// `matcher` is the query's. `stop` ends the looking early, but not the sorting; `gone` ends
  /// all. Errors: kIo, kParse, kDiskFull; kOverBudget: try again later; kCancelled when `gone`.
  Result<ChannelPage> page(const LineupKey& of, const ChannelQuery& query,
                           const std::shared_ptr<const ChannelMatcher>& matcher, const Place& place,
                           const Stop& stop, const Stop& gone);
  /// The channels of these rows, in this order. Errors: kIo, kParse, kOverBudget.
  Result<std::vector<ChannelItem>> items(const snapshots::Lineup& lineup,
                                         std::span<const std::uint32_t> rows) const;
  /// The channel of this id; nullopt: there is none. Errors: as items().
  Result<std::optional<ChannelItem>> find(const snapshots::Lineup& lineup, const Uuid& id) const;
  /// The groups whose names have `search` in them, in the order of their first channels, `limit` at
  /// most. Errors: as page().
  Result<std::vector<GroupCount>> groups(const LineupKey& of, std::string_view search,
                                         std::size_t limit, const Stop& gone);
  struct Values {
    std::vector<GroupCount> values{};  ///< the most frequent first
  };
  /// The values that begin with `prefix`, whatever its case, among the channels of the lineup's
  /// first pieces as far as `stop` lets it. Errors: as items().
  Result<Values> values(const LineupKey& of, const catalog::FieldRef& field,
                        std::string_view prefix, std::size_t limit, const Stop& stop) const;

  /// Lists, orders and counts that were dropped.
  std::size_t basic_cleanup() override { return 0; }
  std::size_t smart_cleanup() override;
  std::size_t aggressive_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  struct Groups;
  struct Kept {
    std::string key;
    std::shared_ptr<RowList> list;
    std::shared_ptr<const RowOrder> order;
    std::shared_ptr<const Groups> groups;
    bool used = true;  // since the last cleanup
    [[nodiscard]] bool is_in_use() const;
    [[nodiscard]] Bytes size() const;
  };
  Kept* find_kept(const std::string& key);
  void keep(Kept kept);
  std::size_t drop(const std::function<bool(const Kept&)>& is_dropped, Bytes* freed);
  Bytes reclaim(Bytes wanted);
  std::shared_ptr<RowList> list_of(const LineupKey& of, const ChannelQuery& query,
                                   const std::shared_ptr<const ChannelMatcher>& matcher);
  Result<std::shared_ptr<const RowOrder>> order_of(const LineupKey& of, ChannelSort sort,
                                                   const Stop& gone);
  Result<std::shared_ptr<const RowOrder>> order_of(
      const LineupKey& of, const ChannelQuery& query,
      const std::shared_ptr<const ChannelMatcher>& matcher, const Stop& gone);
  Result<std::shared_ptr<const Groups>> groups_of(const LineupKey& of, const Stop& gone);

  memory::Budget& budget_;
  MakeSpill make_spill_;
  std::size_t reclaimer_ = 0;
  mutable std::mutex mutex_;  // of kept_; nothing is reserved under it
  std::list<Kept> kept_;      // the one that was used last first
};

}  // namespace m3u_proxy::queries
