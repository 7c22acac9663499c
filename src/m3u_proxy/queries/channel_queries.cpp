#include <algorithm>
#include <memory_resource>
#include <unordered_map>

#include <fmt/format.h>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/queries/lineup_record.hpp>

namespace m3u_proxy::queries {
namespace {

using catalog::ChannelField;
using snapshots::Lineup;

std::string key_of(const LineupKey& of, std::string_view what) {
  return fmt::format("{}/{}/{}", to_string(of.proxy), of.generation, what);
}

ChannelItem item_of(const catalog::FrameView& frame, const Lineup& lineup, std::size_t index,
                    std::uint64_t row) {
  using enum ChannelField;
  const auto text = [&](ChannelField field) { return std::string(frame.text(field, index)); };
  return {.row = row,
          .id = frame.id(index),
          .number = text(kTvgChno),
          .name = text(kChannelName),
          .group = text(kGroupTitle),
          .logo = text(kTvgLogo),
          .guide_id = text(kTvgId),
          .source = lineup.sources()[frame.source(index)].name,
          .url = text(kStreamUrl)};
}

Error cancelled() {
  return {.code = ErrorCode::kCancelled, .message = "nobody waits for the answer any more"};
}

}  // namespace

struct ChannelQueries::Groups {
  explicit Groups(memory::Budget& budget)
      : resource(budget, memory::Tag::kSnapshot), names(&resource), counts(&resource) {}
  memory::BudgetResource resource;
  std::pmr::vector<std::pmr::string> names;  // in the order of their first channels
  std::pmr::unordered_map<std::pmr::string, std::uint64_t> counts;
  std::uint64_t bytes = 0;
};

bool ChannelQueries::Kept::is_in_use() const {
  return list.use_count() > 1 || order.use_count() > 1 || groups.use_count() > 1;
}

Bytes ChannelQueries::Kept::size() const {
  Bytes bytes{};
  if (list) bytes = bytes + list->size();
  if (order) bytes = bytes + Bytes{order->rows.capacity() * sizeof(std::uint32_t)};
  if (groups) bytes = bytes + Bytes{groups->bytes};
  return bytes;
}

ChannelQueries::ChannelQueries(memory::Budget& budget, MakeSpill make_spill)
    : budget_(budget), make_spill_(std::move(make_spill)) {
  reclaimer_ = budget_.add_reclaimer(memory::Budget::ReclaimOrder::kCaches,
                                     [this](Bytes wanted) { return reclaim(wanted); });
}

ChannelQueries::~ChannelQueries() { budget_.remove_reclaimer(reclaimer_); }

ChannelQueries::Kept* ChannelQueries::find_kept(const std::string& key) {
  const auto found = std::ranges::find(kept_, key, &Kept::key);
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  kept_.front().used = true;
  return &kept_.front();
}

void ChannelQueries::keep(Kept kept) {
  std::list<Kept> dropped;  // freed without the lock
  const std::scoped_lock lock(mutex_);
  if (find_kept(kept.key) != nullptr) return;
  kept_.push_front(std::move(kept));
  while (kept_.size() > kMostKept) dropped.splice(dropped.begin(), kept_, std::prev(kept_.end()));
}

std::size_t ChannelQueries::drop(const std::function<bool(const Kept&)>& is_dropped, Bytes* freed) {
  std::size_t count = 0;
  for (auto entry = kept_.begin(); entry != kept_.end();) {
    const auto next = std::next(entry);
    if (!entry->is_in_use() && is_dropped(*entry)) {
      if (freed != nullptr) *freed = *freed + entry->size();
      kept_.erase(entry);
      ++count;
    }
    entry = next;
  }
  return count;
}

Bytes ChannelQueries::reclaim(Bytes wanted) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  Bytes freed{};
  if (!lock) return freed;
  drop([&](const Kept&) { return freed < wanted; }, &freed);
  return freed;
}

std::size_t ChannelQueries::smart_cleanup() {
  const std::scoped_lock lock(mutex_);
  const std::size_t dropped = drop([](const Kept& kept) { return !kept.used; }, nullptr);
  for (Kept& kept : kept_) kept.used = false;
  return dropped;
}

std::size_t ChannelQueries::aggressive_cleanup() {
  const std::scoped_lock lock(mutex_);
  return drop([](const Kept&) { return true; }, nullptr);
}

memory::MemoryUsage ChannelQueries::memory_usage() const {
  const std::scoped_lock lock(mutex_);
  memory::MemoryUsage usage;
  for (const Kept& kept : kept_) {
    usage.held = usage.held + kept.size();
    if (!kept.used) usage.unused = usage.unused + kept.size();
  }
  return usage;
}

std::shared_ptr<RowList> ChannelQueries::list_of(
    const LineupKey& of, const ChannelQuery& query,
    const std::shared_ptr<const ChannelMatcher>& matcher) {
  const std::string key = key_of(of, "list/" + query.selection());
  {
    const std::scoped_lock lock(mutex_);
    if (const Kept* const kept = find_kept(key)) return kept->list;
  }
  auto list = std::make_shared<RowList>(of.lineup, matcher, budget_);
  keep({.key = key, .list = list, .order = {}, .groups = {}});
  return list;
}

Result<std::shared_ptr<const RowOrder>> ChannelQueries::order_of(const LineupKey& of,
                                                                 ChannelSort sort,
                                                                 const Stop& gone) {
  const std::string key = key_of(of, fmt::format("order/{}", static_cast<int>(sort)));
  {
    const std::scoped_lock lock(mutex_);
    if (const Kept* const kept = find_kept(key)) return kept->order;
  }
  const auto spill = make_spill_ ? make_spill_() : nullptr;
  M3U_TRY(auto order, order_rows(*of.lineup, sort, budget_, spill.get(), gone));
  keep({.key = key, .list = {}, .order = order, .groups = {}});
  return order;
}

Result<std::shared_ptr<const RowOrder>> ChannelQueries::order_of(
    const LineupKey& of, const ChannelQuery& query,
    const std::shared_ptr<const ChannelMatcher>& matcher, const Stop& gone) {
  M3U_TRY(auto whole, order_of(of, query.sort, gone));
  if (query.is_all()) return whole;
  const std::string key =
      key_of(of, fmt::format("order/{}/{}", static_cast<int>(query.sort), query.selection()));
  {
    const std::scoped_lock lock(mutex_);
    if (const Kept* const kept = find_kept(key)) return kept->order;
  }
  const auto list = list_of(of, query, matcher);
  M3U_TRY(const RowList::Progress progress, list->advance(UINT64_MAX, gone));
  if (!progress.complete) return fail(cancelled());
  M3U_TRY(auto order, order_list(*whole, *list, budget_));
  keep({.key = key, .list = {}, .order = order, .groups = {}});
  return order;
}

Result<ChannelPage> ChannelQueries::page(const LineupKey& of, const ChannelQuery& query,
                                         const std::shared_ptr<const ChannelMatcher>& matcher,
                                         const Place& place, const Stop& stop, const Stop& gone) {
  ChannelPage page{.from = place.from};
  std::vector<std::uint32_t> rows(std::min(place.limit, kMostItems));
  std::size_t count = 0;
  if (query.sort != ChannelSort::kOutput) {
    M3U_TRY(const auto order, order_of(of, query, matcher, gone));
    page.total = order->rows.size();
    for (std::uint64_t at = place.from; at < page.total && count < rows.size(); ++at)
      rows[count++] = order->rows[query.descending ? page.total - 1 - at : at];
  } else if (query.is_all() || query.descending) {
    M3U_TRY(const auto list, [&]() -> Result<std::shared_ptr<RowList>> {
      if (query.is_all()) return nullptr;
      auto found = list_of(of, query, matcher);
      M3U_TRY(const RowList::Progress progress, found->advance(UINT64_MAX, gone));
      if (!progress.complete) return fail(cancelled());
      return found;
    }());
    page.total = list ? list->progress().found : of.lineup->rows();
    for (std::uint64_t at = place.from; at < page.total && count < rows.size(); ++at) {
      const std::uint64_t wanted = query.descending ? page.total - 1 - at : at;
      rows[count] = static_cast<std::uint32_t>(wanted);
      if (list) list->read(wanted, std::span(rows).subspan(count, 1));
      ++count;
    }
  } else {
    const auto list = list_of(of, query, matcher);
    const auto done = list->advance(place.from + rows.size(), stop);
    const RowList::Progress progress = done ? *done : list->progress();
    count = list->read(place.from, rows);
    // Where memory ends, what was found is worth showing.
    if (!done && (done.error().code != ErrorCode::kOverBudget || count == 0))
      return fail(done.error());
    page.total = progress.found;
    page.total_is_exact = progress.complete;
    if (done && !progress.complete) page.unfinished = list;
  }
  page.more = place.from + count < page.total || !page.total_is_exact;
  M3U_TRY(page.items, items(*of.lineup, std::span(rows).first(count)));
  return page;
}

Result<std::vector<ChannelItem>> ChannelQueries::items(const Lineup& lineup,
                                                       std::span<const std::uint32_t> rows) const {
  std::vector<ChannelItem> items(rows.size());
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return rows[i]; });
  snapshots::BlockBuffer buffer(budget_);
  catalog::FrameView frame;
  Lineup::Piece piece;
  for (const std::size_t i : order) {
    const std::uint64_t row = rows[i];
    if (row >= lineup.rows())
      return fail(ErrorCode::kNotFound, fmt::format("the lineup has no channel {}", row + 1));
    if (row < piece.first || row >= piece.first + piece.rows) {
      const std::size_t index = lineup.piece_of(row);
      M3U_CHECK(lineup.view(index, buffer, frame));
      piece = lineup.piece(index);
    }
    items[i] = item_of(frame, lineup, static_cast<std::size_t>(row - piece.first), row);
  }
  return items;
}

Result<std::optional<ChannelItem>> ChannelQueries::find(const Lineup& lineup,
                                                        const Uuid& id) const {
  M3U_TRY(const auto found, lineup.find(id));
  if (!found) return std::nullopt;
  const auto row = static_cast<std::uint32_t>(found->row);
  M3U_TRY(auto all, items(lineup, {&row, 1}));
  return std::move(all.front());
}

Result<std::shared_ptr<const ChannelQueries::Groups>> ChannelQueries::groups_of(const LineupKey& of,
                                                                                const Stop& gone) {
  const std::string key = key_of(of, "groups");
  {
    const std::scoped_lock lock(mutex_);
    if (const Kept* const kept = find_kept(key)) return kept->groups;
  }
  const auto counted = std::make_shared<Groups>(budget_);
  const auto done = memory::guarded([&]() -> Result<> {
    snapshots::BlockBuffer buffer(budget_);
    catalog::FrameView frame;
    std::pmr::string name(&counted->resource);
    for (std::size_t piece = 0; piece < of.lineup->pieces(); ++piece) {
      if (gone && gone()) return fail(cancelled());
      M3U_CHECK(of.lineup->view(piece, buffer, frame));
      for (std::size_t row = 0; row < frame.rows(); ++row) {
        name = frame.text(ChannelField::kGroupTitle, row);
        const auto [entry, is_new] = counted->counts.try_emplace(name, 0);
        ++entry->second;
        if (!is_new) continue;
        counted->names.push_back(name);
        counted->bytes += 2 * (sizeof(name) + name.size()) +
                          memory::detail::node_bytes<decltype(counted->counts)>();
      }
    }
    return {};
  });
  if (!done) return fail(done.error());
  keep({.key = key, .list = {}, .order = {}, .groups = counted});
  return counted;
}

Result<std::vector<GroupCount>> ChannelQueries::groups(const LineupKey& of, std::string_view search,
                                                       std::size_t limit, const Stop& gone) {
  M3U_TRY(const auto counted, groups_of(of, gone));
  const std::string wanted = folded(search);
  std::vector<GroupCount> found;
  for (const std::pmr::string& name : counted->names) {
    if (found.size() == limit) break;
    if (!wanted.empty() && !contains_folded(name, wanted)) continue;
    found.push_back({.name = std::string(name), .channels = counted->counts.at(name)});
  }
  return found;
}

Result<ChannelQueries::Values> ChannelQueries::values(const LineupKey& of,
                                                      const catalog::FieldRef& field,
                                                      std::string_view prefix, std::size_t limit,
                                                      const Stop& stop) const {
  constexpr std::size_t kMostDifferent = 10'000;
  const std::string wanted = folded(prefix);
  std::unordered_map<std::string, std::uint64_t> counts;
  snapshots::BlockBuffer buffer(budget_);
  catalog::FrameView frame;
  for (std::size_t piece = 0; piece < of.lineup->pieces(); ++piece) {
    if (counts.size() >= kMostDifferent || (stop && stop())) break;
    M3U_CHECK(of.lineup->view(piece, buffer, frame));
    LineupRecord record(frame, of.lineup->sources());
    for (std::size_t row = 0; row < frame.rows(); ++row) {
      record.select(row);
      const std::string_view value = record.get(field);
      if (!value.empty() && starts_with_folded(value, wanted)) ++counts[std::string(value)];
    }
  }
  Values found;
  for (const auto& [value, count] : counts)
    found.values.push_back({.name = value, .channels = count});
  std::ranges::sort(found.values, [](const GroupCount& a, const GroupCount& b) {
    return a.channels != b.channels ? a.channels > b.channels : a.name < b.name;
  });
  if (found.values.size() > limit) found.values.resize(limit);
  return found;
}

}  // namespace m3u_proxy::queries
