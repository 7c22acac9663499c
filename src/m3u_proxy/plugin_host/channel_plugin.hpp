// ChannelPlugin: a plugin in a stage that works on channels (data mapping, filtering, channel
// numbering), as a strategy of that stage.
//
// A parallel plugin gets the batches as they come. Any other gets them in order and cut anew, so
// that each chunk has kChunkRows rows whatever memory pressure made of the batches. What an
// accumulating plugin has taken can come back only from m3u_finalize: where it may be replaced, its
// input is kept in a Spool until then, and so is its output until it is complete.
#pragma once

#include <memory>

#include <m3u_proxy/catalog/frame_builder.hpp>
#include <m3u_proxy/plugin_host/held_back.hpp>

namespace m3u_proxy::plugin_host {

class ChannelPlugin final : public channels::ChannelStrategy {
 public:
  /// `replaces`: the native strategy whose place it takes; nullptr when it is beside it.
  /// `work` belongs to somebody else; both outlive it.
  ChannelPlugin(StagePlugin& work, channels::ChannelStrategy* replaces);
  ~ChannelPlugin() override;

  [[nodiscard]] std::string_view name() const override { return work_.manifest().name; }
  [[nodiscard]] bool parallel() const override {
    return work_.manifest().parallel && (replaces_ == nullptr || replaces_->parallel());
  }
  Result<> process(channels::ChannelItem& item) override;
  Result<bool> flush(channels::ChannelItem& item) override;

  /// As Spool::move_down(), of what it keeps. Thread-safe.
  void move_down(memory::StorageLevel kind) { held_.move_down(kind); }

 private:
  using Frame = catalog::FrameBytes;
  /// Where several chunks' results for one item come together.
  class Results;

  Result<> process_batch(channels::ChannelItem& item);
  Result<> process_chunks(channels::ChannelItem& item);
  /// Neighbouring rows of a batch.
  struct Rows {
    const catalog::ChannelBatch& batch;
    std::size_t first;
    std::size_t count;
  };
  Result<> process_chunk(const Rows& rows, channels::ChannelItem& item, Results& results);
  Result<> replace(Frame frame, channels::ChannelItem& item, Results& results);
  Result<> check(Frame frame) const;
  void finish_batch(channels::ChannelItem& item) const;

  StagePlugin& work_;
  channels::ChannelStrategy* replaces_;
  memory::SlabPool& slabs_;
  // Of serial plugins:
  std::unique_ptr<catalog::ChannelBatch> pending_;  // less than a chunk
  std::unique_ptr<catalog::FrameBuilder> builder_;
  std::unique_ptr<channels::ChannelItem> spare_;  // for native work on a chunk
  HeldBack held_;
};

}  // namespace m3u_proxy::plugin_host
