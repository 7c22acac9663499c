#include <cstring>
#include <optional>
#include <string>

#include <m3u_proxy/channels/channel_row.hpp>
#include <m3u_proxy/channels/channel_store.hpp>
#include <m3u_proxy/edits/places.hpp>

namespace m3u_proxy::channels {
namespace {

using memory::StorageLevel;

class SpooledChannels final : public ChannelStore {
 public:
  SpooledChannels(const pipeline::RunContext& context, StorageLevel first)
      : spool_(*context.slabs, {.compress_beyond = memory::Budget::kUnlimited,  // it is packed
                                .first = first,
                                .space = context.spill}) {}

  Result<> pack(ChannelItem& item) override {
    item.packed = spool_.pack(item.packer.pack(item.batch, item.packed_bytes), item.spool_bytes);
    return {};
  }
  Result<> keep(ChannelItem& item) override { return spool_.append(item.packed); }
  Result<> finish() override { return {}; }
  Result<bool> next(ChannelItem& item) override {
    if (next_ == spool_.frames()) return false;
    item.frame_index = next_++;
    return true;
  }
  Result<> load(ChannelItem& item) override {
    M3U_TRY(const auto packed, spool_.read(item.frame_index, item.spool_bytes));
    item.packer.unpack(packed, item.batch);
    return {};
  }
  [[nodiscard]] std::uint64_t given() const override { return next_; }
  [[nodiscard]] std::uint64_t batches() const override { return spool_.frames(); }
  void move_down(StorageLevel kind) override { spool_.move_down(kind); }
  [[nodiscard]] StorageLevel kind() const override { return spool_.kind(); }
  void clear() override { spool_.clear(); }
  std::size_t basic_cleanup() override { return spool_.basic_cleanup(); }
  std::size_t aggressive_cleanup() override { return spool_.aggressive_cleanup(); }
  [[nodiscard]] memory::MemoryUsage memory_usage() const override { return spool_.memory_usage(); }

 private:
  spill::Spool spool_;
  std::size_t next_ = 0;
};

/// A number whose bytes compare as it does.
void append_ordered(std::string& key, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(number >> static_cast<unsigned>(shift)));
}

/// In item.packed_bytes: for each row its id, the sizes of its key and its bytes, then both.
///
/// Where channels are placed, a row's key is what it is sorted by and its place in the order in
/// which it came; behind that, its rank among those that are around one channel. Placed rows
/// wait until all rows are there.
class SortedChannels final : public ChannelStore {
 public:
  SortedChannels(const pipeline::RunContext& context, const ChannelOrdering& order,
                 std::span<const SourceInfo> sources)
      : rows_(context.batch_rows),
        sort_(order.sort),
        sources_(sources),
        sorter_(*context.budget, context.spill),
        placed_(*context.budget, context.spill) {
    if (!order.placements.empty()) places_.emplace(*context.budget, order.placements);
  }

  Result<> pack(ChannelItem& item) override {
    ChannelRecord record(item.batch, sources_);
    ChannelSortKey sort_key;
    item.packed_bytes.clear();
    for (std::size_t row = 0; row < item.batch.rows(); ++row) {
      record.select(row);
      const std::string_view key = sort_key.of(record, sort_);
      const std::size_t head = item.packed_bytes.size();
      item.packed_bytes.resize(head + sizeof(Head));
      item.packed_bytes.insert(item.packed_bytes.end(), key.begin(), key.end());
      const std::size_t begin = item.packed_bytes.size();
      append_row(item.batch, row, item.packed_bytes);
      const Head sizes{.id = item.batch.id(row),
                       .key = static_cast<std::uint32_t>(key.size()),
                       .row = static_cast<std::uint32_t>(item.packed_bytes.size() - begin)};
      std::memcpy(item.packed_bytes.data() + head, &sizes, sizeof(sizes));
    }
    return {};
  }

  Result<> keep(ChannelItem& item) override {
    std::string_view bytes(reinterpret_cast<const char*>(item.packed_bytes.data()),
                           item.packed_bytes.size());
    while (!bytes.empty()) {
      Head head{};
      std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof(head));
      bytes.remove_prefix(sizeof(head));
      const std::string_view key = bytes.substr(0, head.key);
      const std::string_view row = bytes.substr(head.key, head.row);
      M3U_CHECK(places_ ? keep_in_place(head.id, key, row) : sorter_.add(key, row));
      bytes.remove_prefix(std::size_t{head.key} + head.row);
    }
    return {};
  }

  Result<> finish() override {
    if (places_) M3U_CHECK(put_in_place());
    return sorter_.finish();
  }

  Result<bool> next(ChannelItem& item) override {
    item.batch.clear();
    std::string_view key;
    std::string_view row;
    while (item.batch.rows() < rows_) {
      M3U_TRY(const bool more, sorter_.next(key, row));
      if (!more) break;
      add_row(row, item.batch);
    }
    if (item.batch.rows() == 0) return false;
    ++given_;
    return true;
  }
  Result<> load(ChannelItem& /*item*/) override { return {}; }
  [[nodiscard]] std::uint64_t given() const override { return given_; }
  [[nodiscard]] std::uint64_t batches() const override {
    return (sorter_.size() + rows_ - 1) / rows_;
  }
  /// What it holds is bounded from the start.
  void move_down(StorageLevel /*kind*/) override {}
  [[nodiscard]] StorageLevel kind() const override {
    return sorter_.on_disk() ? StorageLevel::kSpill : StorageLevel::kMemory;
  }
  void clear() override {
    sorter_.clear();
    placed_.clear();
    places_.reset();
  }
  /// What the sorter holds is in use until the last row is given.
  std::size_t basic_cleanup() override { return 0; }
  [[nodiscard]] memory::MemoryUsage memory_usage() const override {
    return {.held = sorter_.footprint() + placed_.footprint(), .unused = {}};
  }

 private:
  struct Head {
    Uuid id;
    std::uint32_t key;
    std::uint32_t row;
  };
  static constexpr std::uint64_t kMiddle = 1U << 31U;

  Result<> keep_in_place(const Uuid& id, std::string_view key, std::string_view row) {
    key_.assign(key);
    append_ordered(key_, came_++, sizeof(came_));
    const auto node = places_->find(id);
    if (node) places_->note(*node, key_);
    if (node && places_->is_placed(*node)) {
      key_.clear();
      append_ordered(key_, *node, sizeof(*node));
      return placed_.add(key_, row);
    }
    append_ordered(key_, kMiddle, sizeof(std::uint32_t));
    return sorter_.add(key_, row);
  }

  Result<> put_in_place() {
    places_->resolve();
    M3U_CHECK(placed_.finish());
    std::string_view key;
    std::string_view row;
    while (true) {
      M3U_TRY(const bool more, placed_.next(key, row));
      if (!more) break;
      edits::Places::Node node = 0;
      for (const char byte : key) node = (node << 8U) | static_cast<std::uint8_t>(byte);
      key_.assign(places_->key(node));
      append_ordered(key_, static_cast<std::uint64_t>(std::int64_t{kMiddle} + places_->rank(node)),
                     sizeof(std::uint32_t));
      M3U_CHECK(sorter_.add(key_, row));
    }
    placed_.clear();
    places_.reset();
    return {};
  }

  std::size_t rows_;
  const std::vector<ChannelSortField>& sort_;
  std::span<const SourceInfo> sources_;
  spill::BlobSorter sorter_;
  std::optional<edits::Places> places_;  // nullopt: nothing is placed
  spill::BlobSorter placed_;             // rows by their node
  std::uint64_t came_ = 0;
  std::string key_;
  std::uint64_t given_ = 0;
};

}  // namespace

std::unique_ptr<ChannelStore> make_channel_store(const pipeline::RunContext& context,
                                                 const ChannelOrdering& order,
                                                 std::span<const SourceInfo> sources,
                                                 memory::StorageLevel first) {
  if (!order.sort.empty() || !order.placements.empty())
    return std::make_unique<SortedChannels>(context, order, sources);
  return std::make_unique<SpooledChannels>(context, first);
}

}  // namespace m3u_proxy::channels
