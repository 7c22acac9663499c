#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>

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
      fences_(&resource_),
      frames_(&resource_) {}

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
  M3U_CHECK(memory::guarded([&] { return lineup->load_pieces(); }));
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
    const std::string_view text = line.substr(std::min(blank + 1, line.size()));
    if (kind == "source")
      sources_.push_back({.name = std::string(text), .type = {}, .url = {}});
    else if (kind == "type" && !sources_.empty())
      sources_.back().type = text;
    else if (kind == "url" && !sources_.empty())
      sources_.back().url = text;
    else if (kind == "rule")
      rules_.emplace_back(text);
    else if (kind == "filter")
      filters_.emplace_back(text);
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

Result<> Lineup::load_pieces() {
  const auto blocks = blocks_->blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].kind != number_of(LineupBlock::kFrame)) continue;
    if (blocks[i].first_item != rows_) return damaged("its channels are not in their order");
    frames_.push_back(static_cast<std::uint32_t>(i));
    rows_ += blocks[i].items;
  }
  return {};
}

Lineup::Piece Lineup::piece(std::size_t index) const {
  const BlockEntry& block = blocks_->blocks()[frames_[index]];
  return {.first = block.first_item, .rows = block.items};
}

std::size_t Lineup::piece_of(std::uint64_t row) const {
  const auto behind = std::ranges::upper_bound(frames_, row, {}, [this](std::uint32_t block) {
    return blocks_->blocks()[block].first_item;
  });
  return static_cast<std::size_t>(behind - frames_.begin()) - 1;
}

Result<> Lineup::view(std::size_t index, BlockBuffer& buffer, catalog::FrameView& frame) const {
  M3U_TRY(const std::span<const char> bytes, blocks_->read(frames_[index], buffer));
  M3U_CHECK(frame.open(frame_bytes(bytes)));
  const Piece expected = piece(index);
  if (frame.rows() != expected.rows) return damaged("a block has not as many channels as it says");
  for (std::size_t row = 0; row < frame.rows(); ++row)
    if (frame.source(row) >= sources_.size()) return damaged("a channel is of no source");
  return {};
}

Result<std::string_view> Lineup::names(std::size_t index, BlockBuffer& buffer) const {
  const auto block = blocks_->find(number_of(LineupBlock::kNames), piece(index).first);
  if (!block) return damaged("names are missing");
  M3U_TRY(const std::span<const char> bytes, blocks_->read(*block, buffer));
  return std::string_view(bytes.data(), bytes.size());
}

Result<Lineup::TouchedBy> Lineup::touched(std::uint64_t row) const {
  const auto block = blocks_->find(number_of(LineupBlock::kTouched), row);
  if (!block)
    return fail(ErrorCode::kNotFound, fmt::format("the lineup has no channel {}", row + 1));
  BlockBuffer buffer(*budget_);
  M3U_TRY(std::span<const char> rest, blocks_->read(*block, buffer));
  const auto number = [&rest]() -> std::optional<std::uint16_t> {
    std::uint16_t value = 0;
    if (rest.size() < sizeof(value)) return std::nullopt;
    std::memcpy(&value, rest.data(), sizeof(value));
    rest = rest.subspan(sizeof(value));
    return value;
  };
  TouchedBy lists;
  for (std::uint64_t at = blocks_->blocks()[*block].first_item; at <= row; ++at)
    for (std::vector<std::uint16_t>* const list : {&lists.rules, &lists.filters}) {
      list->clear();
      const auto count = number();
      if (!count || rest.size() < *count * sizeof(std::uint16_t))
        return damaged("what touched its channels is cut off");
      for (std::uint16_t i = 0; i < *count; ++i) list->push_back(number().value_or(0));
    }
  const auto has_all = [](const std::vector<std::uint16_t>& numbers, std::size_t names) {
    return std::ranges::all_of(numbers, [names](std::uint16_t each) { return each < names; });
  };
  if (!has_all(lists.rules, rules_.size()) || !has_all(lists.filters, filters_.size()))
    return damaged("what touched a channel has no name");
  return lists;
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
  for (std::size_t at = 0; at < batch.rows(); ++at)
    if (batch.source(at) >= sources_.size()) return damaged("a channel is of no source");
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
