// Lineup: reads what LineupWriter wrote: the channels of a generation by place and by id, and how
// two generations differ.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_view.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>
#include <m3u_proxy/snapshots/lineup_format.hpp>
#include <m3u_proxy/snapshots/snapshot_folder.hpp>

namespace m3u_proxy::snapshots {

/// How a channel differs.
enum class ChannelChange : std::uint8_t { kAdded, kRemoved, kChanged };

struct LineupDifference {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t changed = 0;
};

/// Thread-safe.
class Lineup {
 public:
  /// Takes the open file of a snapshot, which lives on with it. Errors: as BlockReader::open();
  /// kNotFound when it has no such file.
  static Result<std::shared_ptr<const Lineup>> open(std::shared_ptr<const Snapshot> snapshot,
                                                    std::string_view name, memory::Budget& budget);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// By the numbers that channels have.
  [[nodiscard]] const std::vector<channels::SourceInfo>& sources() const { return sources_; }
  /// Names, by the numbers that channels have.
  [[nodiscard]] const std::vector<std::string>& rules() const { return rules_; }
  [[nodiscard]] const std::vector<std::string>& filters() const { return filters_; }

  /// What the channel of this id is; nullopt: there is none. Errors: kIo, kOverBudget.
  [[nodiscard]] Result<std::optional<LineupId>> find(const Uuid& id) const;
  /// Fills `batch` with the block of channels that has `row`, as views into `buffer`; gives the
  /// number of the first one. Errors: kNotFound (beyond the end), kIo, kParse, kOverBudget.
  Result<std::uint64_t> load(std::uint64_t row, BlockBuffer& buffer,
                             catalog::ChannelBatch& batch) const;

  /// Channels that are stored together: what is read at once.
  struct Piece {
    std::uint64_t first = 0;  ///< row
    std::uint32_t rows = 0;
  };
  /// In the order of the rows.
  [[nodiscard]] std::size_t pieces() const { return frames_.size(); }
  [[nodiscard]] Piece piece(std::size_t index) const;
  /// Which one has `row`, which is below rows().
  [[nodiscard]] std::size_t piece_of(std::uint64_t row) const;
  /// Opens the channels of a piece, as views into `buffer`. Errors: kIo, kParse, kOverBudget.
  Result<> view(std::size_t index, BlockBuffer& buffer, catalog::FrameView& frame) const;
  /// The case-folded names of a piece, each with LF. Errors: kIo, kParse, kOverBudget.
  Result<std::string_view> names(std::size_t index, BlockBuffer& buffer) const;
  /// Numbers of the rules that changed a channel, and of the filters that decided on it.
  struct TouchedBy {
    std::vector<std::uint16_t> rules{};
    std::vector<std::uint16_t> filters{};
  };
  /// Each has a name. Errors: kNotFound (beyond the end), kIo, kParse, kOverBudget.
  [[nodiscard]] Result<TouchedBy> touched(std::uint64_t row) const;

  /// Called for each channel that differs, in the order of ids, with the number that it has in the
  /// newer one, or of a removed one in the older one.
  using OnChange = std::function<Result<>(ChannelChange, const LineupId&)>;
  /// What became of `older`. Errors: kIo, kOverBudget, kCancelled, and that of `on_change`, which
  /// may be empty.
  static Result<LineupDifference> compare(const Lineup& older, const Lineup& newer,
                                          memory::Budget& budget, const OnChange& on_change = {},
                                          const CancelToken* cancel = nullptr);

 private:
  class IdCursor;
  Lineup(std::shared_ptr<const Snapshot> snapshot, memory::Budget& budget);
  Result<> load_names();
  Result<> load_fences();
  Result<> load_pieces();
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  std::shared_ptr<const Snapshot> snapshot_;
  memory::Budget* budget_;
  std::unique_ptr<BlockReader> blocks_;
  std::uint64_t rows_ = 0;
  std::vector<channels::SourceInfo> sources_;
  std::vector<std::string> rules_;
  std::vector<std::string> filters_;
  memory::BudgetResource resource_;
  std::pmr::vector<Uuid> fences_;
  std::pmr::vector<std::uint32_t> frames_;  // blocks of channels, in the order of the rows
};

}  // namespace m3u_proxy::snapshots
