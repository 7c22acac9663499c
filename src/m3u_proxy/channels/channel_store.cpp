#include <cstring>

#include <m3u_proxy/channels/channel_row.hpp>
#include <m3u_proxy/channels/channel_store.hpp>

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

/// In item.packed_bytes: for each row the sizes of its key and its bytes, then both.
class SortedChannels final : public ChannelStore {
 public:
  SortedChannels(const pipeline::RunContext& context, const std::vector<ChannelSortField>& sort,
                 std::span<const SourceInfo> sources)
      : rows_(context.batch_rows),
        sort_(sort),
        sources_(sources),
        sorter_(*context.budget, context.spill) {}

  Result<> pack(ChannelItem& item) override {
    ChannelRecord record(item.batch, sources_);
    ChannelSortKey sort_key;
    item.packed_bytes.clear();
    for (std::size_t row = 0; row < item.batch.rows(); ++row) {
      record.select(row);
      const std::string_view key = sort_key.of(record, sort_);
      const std::size_t head = item.packed_bytes.size();
      item.packed_bytes.resize(head + sizeof(Sizes));
      item.packed_bytes.insert(item.packed_bytes.end(), key.begin(), key.end());
      const std::size_t begin = item.packed_bytes.size();
      append_row(item.batch, row, item.packed_bytes);
      const Sizes sizes{.key = static_cast<std::uint32_t>(key.size()),
                        .row = static_cast<std::uint32_t>(item.packed_bytes.size() - begin)};
      std::memcpy(item.packed_bytes.data() + head, &sizes, sizeof(sizes));
    }
    return {};
  }

  Result<> keep(ChannelItem& item) override {
    std::string_view bytes(reinterpret_cast<const char*>(item.packed_bytes.data()),
                           item.packed_bytes.size());
    while (!bytes.empty()) {
      Sizes sizes{};
      std::memcpy(&sizes, bytes.data(), sizeof(sizes));
      bytes.remove_prefix(sizeof(sizes));
      M3U_CHECK(sorter_.add(bytes.substr(0, sizes.key), bytes.substr(sizes.key, sizes.row)));
      bytes.remove_prefix(std::size_t{sizes.key} + sizes.row);
    }
    return {};
  }

  Result<> finish() override { return sorter_.finish(); }

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
  void clear() override { sorter_.clear(); }
  /// What the sorter holds is in use until the last row is given.
  std::size_t basic_cleanup() override { return 0; }
  [[nodiscard]] memory::MemoryUsage memory_usage() const override {
    return {.held = sorter_.footprint(), .unused = {}};
  }

 private:
  struct Sizes {
    std::uint32_t key;
    std::uint32_t row;
  };
  std::size_t rows_;
  const std::vector<ChannelSortField>& sort_;
  std::span<const SourceInfo> sources_;
  spill::BlobSorter sorter_;
  std::uint64_t given_ = 0;
};

}  // namespace

std::unique_ptr<ChannelStore> make_channel_store(const pipeline::RunContext& context,
                                                 const std::vector<ChannelSortField>& sort,
                                                 std::span<const SourceInfo> sources,
                                                 memory::StorageLevel first) {
  if (!sort.empty()) return std::make_unique<SortedChannels>(context, sort, sources);
  return std::make_unique<SpooledChannels>(context, first);
}

}  // namespace m3u_proxy::channels
