#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>

namespace m3u_proxy::snapshots {
namespace {

constexpr std::uint32_t number_of(LineupBlock kind) { return static_cast<std::uint32_t>(kind); }

catalog::FrameBytes frame_bytes(std::span<const char> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

LineupId id_at(std::span<const char> block, std::size_t index) {
  LineupId record;
  std::memcpy(&record, block.data() + index * sizeof(LineupId), sizeof(record));
  return record;
}

}  // namespace

/// The ids of a lineup in order.
class Lineup::IdCursor {
 public:
  IdCursor(const Lineup& lineup, memory::Budget& budget) : lineup_(lineup), buffer_(budget) {}

  /// false behind the last.
  Result<bool> next(LineupId& record) {
    while (at_ == count_) {
      const auto blocks = lineup_.blocks_->blocks();
      while (block_ < blocks.size() && blocks[block_].kind != number_of(LineupBlock::kIds))
        ++block_;
      if (block_ == blocks.size()) return false;
      M3U_TRY(bytes_, lineup_.blocks_->read(block_, buffer_));
      ++block_;
      at_ = 0;
      count_ = bytes_.size() / sizeof(LineupId);
    }
    record = id_at(bytes_, at_++);
    return true;
  }

 private:
  const Lineup& lineup_;
  BlockBuffer buffer_;
  std::span<const char> bytes_;
  std::size_t block_ = 0;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
};

Lineup::Lineup(std::shared_ptr<const Snapshot> snapshot, memory::Budget& budget)
    : snapshot_(std::move(snapshot)),
      budget_(&budget),
      resource_(budget, memory::Tag::kSnapshot),
      fences_(&resource_) {}

std::unexpected<Error> Lineup::damaged(std::string_view what) const {
  return fail(ErrorCode::kParse,
              fmt::format("the lineup in {} is damaged: {}", snapshot_->path().string(), what));
}

Result<std::shared_ptr<const Lineup>> Lineup::open(std::shared_ptr<const Snapshot> snapshot,
                                                   std::string_view name, memory::Budget& budget) {
  const io::Descriptor* const file = snapshot->file(name);
  if (file == nullptr)
    return fail(ErrorCode::kNotFound, fmt::format("{} has no lineup", snapshot->path().string()));
  io::Descriptor own(::fcntl(file->get(), F_DUPFD_CLOEXEC, 0));
  if (!own.valid()) return fail(system_error("cannot open a lineup", errno));
  const std::string path = (snapshot->path() / name).string();
  std::shared_ptr<Lineup> lineup(new Lineup(std::move(snapshot), budget));
  M3U_TRY(lineup->blocks_, BlockReader::open(std::move(own), path, budget, kLineupContent));
  M3U_CHECK(lineup->load_names());
  M3U_CHECK(memory::guarded([&] { return lineup->load_fences(); }));
  for (const BlockEntry& block : lineup->blocks_->blocks())
    if (block.kind == number_of(LineupBlock::kFrame)) lineup->rows_ += block.items;
  return lineup;
}

Result<> Lineup::load_names() {
  const auto block = blocks_->find(number_of(LineupBlock::kInfo), 0);
  if (!block) return damaged("it has no names");
  BlockBuffer buffer(*budget_);
  M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
  std::string_view rest(bytes.data(), bytes.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string_view kind = line.substr(0, blank);
    auto& names = kind == "source" ? sources_ : kind == "rule" ? rules_ : filters_;
    names.emplace_back(line.substr(std::min(blank + 1, line.size())));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result<> Lineup::load_fences() {
  for (std::size_t i = 0; i < blocks_->blocks().size(); ++i) {
    if (blocks_->blocks()[i].kind != number_of(LineupBlock::kFences)) continue;
    BlockBuffer buffer(*budget_);
    M3U_TRY(const std::span<const char> bytes, blocks_->read(i, buffer));
    fences_.resize(bytes.size() / sizeof(Uuid));
    if (!fences_.empty()) std::memcpy(fences_.data(), bytes.data(), fences_.size() * sizeof(Uuid));
    return {};
  }
  return damaged("it has no ids");
}

Result<std::optional<LineupId>> Lineup::find(const Uuid& id) const {
  const auto behind = std::ranges::upper_bound(fences_, id);
  if (behind == fences_.begin()) return std::nullopt;
  const auto index = static_cast<std::uint64_t>(behind - fences_.begin() - 1) * kIdsPerBlock;
  const auto block = blocks_->find(number_of(LineupBlock::kIds), index);
  if (!block) return damaged("a block of ids is missing");
  BlockBuffer buffer(*budget_);
  M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
  std::size_t low = 0;
  std::size_t high = bytes.size() / sizeof(LineupId);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    const LineupId record = id_at(bytes, middle);
    if (record.id == id) return record;
    if (record.id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return std::nullopt;
}

Result<std::uint64_t> Lineup::load(std::uint64_t row, BlockBuffer& buffer,
                                   catalog::ChannelBatch& batch) const {
  const auto block = blocks_->find(number_of(LineupBlock::kFrame), row);
  if (!block)
    return fail(ErrorCode::kNotFound, fmt::format("the lineup has no channel {}", row + 1));
  M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
  const catalog::FrameBytes frame = frame_bytes(bytes);
  // The checksum says that it is as it was written, not that it was written as it should be.
  M3U_CHECK(catalog::verify_frame(frame));
  if (catalog::summarize(frame).rows != blocks_->blocks()[*block].items)
    return damaged("a block has not as many channels as it says");
  M3U_CHECK(memory::guarded([&]() -> Result<> {
    catalog::load_frame(frame, batch);
    return {};
  }));
  return blocks_->blocks()[*block].first_item;
}

Result<LineupDifference> Lineup::compare(const Lineup& older, const Lineup& newer,
                                         memory::Budget& budget, const OnChange& on_change,
                                         const CancelToken* cancel) {
  IdCursor old_ids(older, budget);
  IdCursor new_ids(newer, budget);
  LineupId before;
  LineupId after;
  LineupDifference difference;
  const auto report = [&](ChannelChange change, const LineupId& record) -> Result<> {
    switch (change) {
      case ChannelChange::kAdded:
        ++difference.added;
        break;
      case ChannelChange::kRemoved:
        ++difference.removed;
        break;
      case ChannelChange::kChanged:
        ++difference.changed;
        break;
    }
    return on_change ? on_change(change, record) : Result<>();
  };
  M3U_TRY(bool has_before, old_ids.next(before));
  M3U_TRY(bool has_after, new_ids.next(after));
  while (has_before || has_after) {
    if (cancel != nullptr && cancel->cancelled())
      return fail(ErrorCode::kCancelled, "the comparison was cancelled");
    const bool take_before = has_before && (!has_after || before.id <= after.id);
    const bool take_after = has_after && (!has_before || after.id <= before.id);
    if (take_before && take_after) {
      if (before.content != after.content) M3U_CHECK(report(ChannelChange::kChanged, after));
    } else if (take_before) {
      M3U_CHECK(report(ChannelChange::kRemoved, before));
    } else {
      M3U_CHECK(report(ChannelChange::kAdded, after));
    }
    if (take_before) {
      M3U_TRY(has_before, old_ids.next(before));
    }
    if (take_after) {
      M3U_TRY(has_after, new_ids.next(after));
    }
  }
  return difference;
}

}  // namespace m3u_proxy::snapshots
