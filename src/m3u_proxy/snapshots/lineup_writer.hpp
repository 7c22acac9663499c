// LineupWriter: writes down the channels of a generation in output order, as a block file: frames
// of channels, which rules and filters touched them, folded names for search, and the ids in
// order.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include <m3u_proxy/generation/lineup.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/lineup_format.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::snapshots {

/// Not thread-safe, prepare() apart.
class LineupWriter final : public generation::LineupSink {
 public:
  /// Writes the file `name` of `draft`. All live longer; `spill` may be nullptr: ids are sorted in
  /// memory.
  LineupWriter(SnapshotDraft& draft, std::string name, memory::Budget& budget,
               memory::SlabPool& slabs, spill::SpillSpace* spill);
  ~LineupWriter() override;

  using LineupSink::add;
  Result<> begin(const generation::LineupInfo& info) override;
  /// Errors: kOverBudget. What it makes does not outlive this.
  Result<> prepare(const generation::LineupBatch& batch,
                   std::unique_ptr<channels::ItemPart>& part) override;
  /// Errors: kIo, kDiskFull, kOverBudget.
  Result<> add(const generation::LineupBatch& batch, const channels::ItemPart* part) override;
  /// After the last channel: writes ids and table. Errors: kIo, kDiskFull, kOverBudget.
  Result<> finish();
  /// By which the channels so far, each with all that the playlist may leave out (stream and logo
  /// addresses behind ours), are told from another generation's.
  [[nodiscard]] std::string content_hash() const { return content_.text(); }
  /// Channels so far.
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  struct ById {
    bool operator()(const LineupId& a, const LineupId& b) const { return a.id < b.id; }
    static std::uint64_t prefix(const LineupId& record);
  };
  using IdSorter = spill::RecordSorter<LineupId, ById>;

  /// The blocks of a batch, and its ids, whose rows count from the batch's first.
  struct Part;

  template <typename Bytes>
  Result<> append(LineupBlock kind, std::uint64_t first, std::uint64_t items, const Bytes& bytes) {
    return blocks_->append(static_cast<std::uint32_t>(kind), first,
                           static_cast<std::uint32_t>(items), bytes);
  }
  Result<> write_ids();

  SnapshotDraft& draft_;
  std::string name_;
  memory::Budget& budget_;
  memory::SlabPool& slabs_;
  spill::SpillSpace* spill_;
  std::unique_ptr<BlockWriter> blocks_;
  std::unique_ptr<IdSorter> ids_;
  memory::BudgetResource batches_;  // of the Parts: as many as batches are under way
  memory::BudgetResource resource_;
  ContentHash content_;
  std::uint64_t rows_ = 0;
};

}  // namespace m3u_proxy::snapshots
