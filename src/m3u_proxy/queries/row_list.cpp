#include <algorithm>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/queries/row_list.hpp>

namespace m3u_proxy::queries {

RowList::RowList(std::shared_ptr<const snapshots::Lineup> lineup,
                 std::shared_ptr<const ChannelMatcher> matcher, memory::Budget& budget)
    : lineup_(std::move(lineup)),
      matcher_(std::move(matcher)),
      budget_(&budget),
      resource_(budget, memory::Tag::kSnapshot),
      rows_(&resource_) {}

Result<RowList::Progress> RowList::advance(std::uint64_t wanted, const Stop& stop) {
  while (true) {
    const std::scoped_lock lock(mutex_);
    const bool complete = next_ == lineup_->pieces();
    if (complete) work_.reset();
    if (complete || rows_.size() >= wanted) return Progress{rows_.size(), complete};
    if (!work_) work_ = std::make_unique<ChannelMatcher::Workspace>(*budget_);
    found_.clear();
    M3U_CHECK(matcher_->match(*lineup_, next_, *work_, found_));
    M3U_CHECK(memory::guarded([&]() -> Result<> {
      rows_.insert(rows_.end(), found_.begin(), found_.end());
      return {};
    }));
    bytes_.store(rows_.capacity() * sizeof(std::uint32_t), std::memory_order_relaxed);
    ++next_;
    if (stop && stop()) return Progress{rows_.size(), next_ == lineup_->pieces()};
  }
}

RowList::Progress RowList::progress() const {
  const std::scoped_lock lock(mutex_);
  return {rows_.size(), next_ == lineup_->pieces()};
}

std::size_t RowList::read(std::uint64_t from, std::span<std::uint32_t> rows) const {
  const std::scoped_lock lock(mutex_);
  if (from >= rows_.size()) return 0;
  const std::size_t count = std::min<std::size_t>(rows.size(), rows_.size() - from);
  std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(from), count, rows.begin());
  return count;
}

}  // namespace m3u_proxy::queries
