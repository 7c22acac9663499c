// ChannelItem: one batch of channels on its way through a pass, with everything its stages need.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <vector>

#include <m3u_proxy/catalog/batch_packer.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/channels/touched.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/pipeline/pass_engine.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/rules/counts.hpp>
#include <m3u_proxy/rules/scratch.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::channels {

/// What a step makes of an item for a later one, which knows what it is; its memory stays with the
/// item for the next batch.
struct ItemPart {
  ItemPart() = default;
  ItemPart(const ItemPart&) = delete;
  ItemPart& operator=(const ItemPart&) = delete;
  virtual ~ItemPart() = default;
};

struct ChannelItem final : pipeline::PassItem {
  explicit ChannelItem(memory::SlabPool& slabs);
  /// Forgets the batch before, and what was found in it; its memory stays.
  void clear();

  // Source Loading
  formats::M3uChunk chunk;
  const formats::M3uSource* source = nullptr;
  formats::M3uGroups groups;
  ProblemLog read_problems;  ///< found while reading, before or in this chunk
  ProblemLog problems;       ///< lines count from the chunk's first
  // Data Mapping to Channel Numbering
  catalog::ChannelBatch batch;
  rules::Scratch scratch;
  rules::Counts rule_counts;
  rules::Counts filter_counts;
  catalog::FrameBuilder frame;  ///< for plugins
  // the Spool between the passes
  catalog::BatchPacker packer;
  memory::BudgetResource byte_resource;
  std::pmr::vector<std::uint8_t> packed_bytes;  ///< the batch, packed
  std::pmr::vector<std::uint8_t> spool_bytes;   ///< what the Spool packs into or unpacks to
  spill::Spool::Packed packed;
  std::size_t frame_index = 0;
  std::pmr::vector<std::uint8_t> plugin_bytes;  ///< frames that plugins gave; the batch is in them
  std::pmr::vector<std::uint8_t> plugin_spare;  ///< where the next ones come, meanwhile
  // M3U Generation
  memory::BudgetResource text_resource;
  formats::OutputText text;
  std::vector<std::uint64_t> url_keys;    ///< of the written entries, to compare with the last list
  std::vector<std::uint8_t> written;      ///< for the lineup: 1 for each row that is in the text
  Touched touched;                        ///< for the lineup: what touched each row
  std::unique_ptr<ItemPart> lineup_part;  ///< what LineupSink::prepare() made of the batch

  std::array<std::uint64_t, pipeline::kStageCount> items_out{};  ///< rows that left each stage
};

/// A way to do a stage that works on channels.
using ChannelStrategy = pipeline::StageStrategy<ChannelItem>;

}  // namespace m3u_proxy::channels
