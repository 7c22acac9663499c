// EditFile: the edits of channels that hold for one proxy, as a block file in the order of the
// ids: what a generation asks while it runs, however many there are.
//
// In memory are two bytes an edit (to see at once that a channel has none) and the first id of each
// block; an edit is read from the file when its channel comes by.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>

namespace m3u_proxy::snapshots {

/// Not thread-safe.
class EditFileWriter {
 public:
  /// Both live longer.
  EditFileWriter(io::ByteSink& sink, memory::Budget& budget);

  /// In rising order of the ids, each once. Placements beyond edits::kMostPlacements are left out.
  /// Errors: of the sink; kOverBudget; kInvalidArgument for an id out of order.
  Result<> add(const edits::ChannelEdit& edit);
  /// After the last one. Errors: as add().
  Result<> finish();

  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  Result<> write_block();

  BlockWriter blocks_;
  memory::BudgetResource resource_;
  std::pmr::vector<Uuid> ids_;  // of the block
  std::pmr::string records_;    // of the block
  std::pmr::vector<Uuid> fences_;
  std::pmr::vector<std::uint16_t> marks_;
  std::pmr::string placements_;
  std::size_t placed_ = 0;
  std::uint64_t size_ = 0;
  std::optional<Uuid> last_{};
};

/// Thread-safe.
class EditFile final : public edits::ChannelEdits {
 public:
  /// Takes an open file over. `name` is for messages. Errors: as BlockReader::open().
  static Result<std::shared_ptr<const EditFile>> open(io::Descriptor file, std::string name,
                                                      memory::Budget& budget);

  Result<> find(std::span<const Uuid> ids, const OnEdit& on_edit) const override;
  [[nodiscard]] std::span<const edits::Placement> placements() const override {
    return placements_;
  }
  [[nodiscard]] std::uint64_t size() const override { return marks_.size(); }

 private:
  struct Wanted {
    std::uint32_t block;  // number among those of edits
    std::uint32_t index;  // of the id
  };

  EditFile(std::unique_ptr<BlockReader> blocks, std::string name, memory::Budget& budget);
  Result<> load();
  template <typename T>
  Result<> append_all(std::size_t block, BlockBuffer& buffer, std::pmr::vector<T>& out) const;
  Result<> load_placements(std::size_t block, BlockBuffer& buffer);
  [[nodiscard]] std::optional<std::uint32_t> block_of(const Uuid& id) const;
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const;

  std::unique_ptr<BlockReader> blocks_;
  std::string name_;
  memory::Budget* budget_;
  memory::BudgetResource resource_;
  std::pmr::vector<std::uint32_t> edit_blocks_;  // numbers of blocks, in the order of the ids
  std::pmr::vector<Uuid> fences_;
  std::pmr::vector<std::uint16_t> marks_;
  std::pmr::vector<edits::Placement> placements_;
};

}  // namespace m3u_proxy::snapshots
