// GuideChannelFile: the channels of one guide as a block file, to be looked through for a text or
// for what comes near a channel of a playlist.
//
// In memory are four bytes a channel; texts are read block by block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/generation/guide_channel_list.hpp>
#include <m3u_proxy/snapshots/block_file.hpp>

namespace m3u_proxy::snapshots {

/// Not thread-safe.
class GuideChannelWriter final : public generation::GuideChannelListener {
 public:
  /// Both live longer.
  GuideChannelWriter(io::ByteSink& sink, memory::Budget& budget);

  Result<> on_channel(std::string_view id, std::span<const std::string> names) override;
  /// Ends the file. Errors of both: of the sink; kOverBudget.
  Result<> on_programmes(std::span<const std::uint32_t> counts) override;

 private:
  Result<> write_block();

  BlockWriter blocks_;
  memory::BudgetResource resource_;
  std::pmr::string records_;  // of the block
  std::string folded_;
  std::uint64_t size_ = 0;
  std::uint32_t in_block_ = 0;
};

/// A channel of a guide; the views are valid during the call.
struct GuideChannelView {
  std::string_view id{};
  std::string_view names{};         ///< with line ends between them
  std::string_view folded_id{};     ///< without case
  std::string_view folded_names{};  ///< without case, as `names`
  std::string_view name_keys{};     ///< as base/casefold.hpp's fold_name() makes them, as `names`
  std::uint32_t programmes = 0;
};

/// Thread-safe.
class GuideChannelFile {
 public:
  /// Takes an open file over. `name` is for messages. Errors: as BlockReader::open().
  static Result<std::shared_ptr<const GuideChannelFile>> open(io::Descriptor file, std::string name,
                                                              memory::Budget& budget);

  /// False ends the walk.
  using Visitor = std::function<bool(const GuideChannelView&)>;
  /// Every channel in the guide's order. Errors: kParse, kIo, kOverBudget.
  Result<> for_each(const Visitor& visit) const;
  [[nodiscard]] std::uint64_t size() const { return counts_.size(); }

 private:
  GuideChannelFile(std::unique_ptr<BlockReader> blocks, std::string name, memory::Budget& budget);
  Result<> load();

  std::unique_ptr<BlockReader> blocks_;
  std::string name_;
  memory::Budget* budget_;
  memory::BudgetResource resource_;
  std::pmr::vector<std::uint32_t> counts_;
};

}  // namespace m3u_proxy::snapshots
