// What a plugin derives from, and where its answers go.
#pragma once

#include "channel_editor.hpp"
#include "channel_writer.hpp"
#include "config.hpp"
#include "plugin_info.hpp"
#include "programmes.hpp"

namespace m3u {

/// Where the answer to a call goes. Each function's result is what the call returns.
class Output {
 public:
  explicit Output(detail::Block input = {}) : input_(input) {}

  /// The chunk as it came in.
  Result input() {
    block_ = input_;
    return Result::kBatch;
  }
  /// An edited chunk; the input itself when nothing changed.
  Result give(const ChannelEditor& editor) { return give_edited(editor); }
  Result give(const ProgrammeEditor& editor) { return give_edited(editor); }
  Result give(ChannelWriter& writer) {
    block_ = writer.build();
    return Result::kBatch;
  }
  Result give(const ProgrammeWriter& writer) {
    block_ = writer.build();
    return Result::kBatch;
  }
  /// Text, or a frame that was kept; the buffer is empty afterwards.
  Result give(Buffer&& buffer) {
    const size_t size = buffer.size();
    if (size == 0) return Result::kNone;
    block_ = {buffer.release(), size};
    return Result::kBatch;
  }
  /// A copy of `bytes`.
  Result give_copy(Text bytes) {
    Buffer copy;
    copy.reserve(bytes.size());
    copy += bytes;
    return give(static_cast<Buffer&&>(copy));
  }
  [[nodiscard]] const detail::Block& block() const { return block_; }

 private:
  template <typename E>
  Result give_edited(const E& editor) {
    if (editor.unchanged() && editor.batch().frame().data() == input_.data) return input();
    block_ = editor.build();
    return Result::kBatch;
  }
  detail::Block input_;
  detail::Block block_;
};

/// One chunk, before it is looked at: a frame, or text, as the stage says.
struct Chunk {
  Stage stage;
  const void* data;
  size_t size;
};

class WasmPlugin {
 public:
  [[nodiscard]] virtual PluginInfo info() const = 0;
  /// Once for each instance; `config` lives as long as the plugin. False: the plugin cannot work,
  /// and has logged why.
  virtual bool init(Config& /*config*/) { return true; }
  /// Asked at each change of level, between two chunks: the time to switch to streaming,
  /// compressing or spilling.
  virtual bool can_handle_memory_pressure(PressureLevel /*level*/) { return true; }

 protected:
  ~WasmPlugin() = default;
};

/// A plugin for one or several stages. Overrides what its stages need.
class WasmStreamingStage : public WasmPlugin {
 public:
  /// A generation begins; what was before is to be forgotten.
  virtual bool begin(Stage /*stage*/, Context& /*context*/) { return true; }

  /// data_mapping, filtering, channel_numbering.
  virtual Result process_channels(const ChannelBatch& /*channels*/, Output& out) {
    return out.input();
  }
  /// epg.
  virtual Result process_programmes(const ProgrammeBatch& /*programmes*/, Output& out) {
    return out.input();
  }
  /// m3u_generation: whole entries.
  virtual Result process_text(Text /*entries*/, Output& out) { return out.input(); }
  /// source_loading: a piece of the source, cut anywhere.
  virtual Result process_bytes(Text /*bytes*/, Output& /*out*/) { return Result::kNone; }

  /// Any chunk; leads to one of the four above.
  virtual Result process_chunk(const Chunk& in, Output& out) {
    const Text bytes(static_cast<const char*>(in.data), in.size);
    if (in.stage == Stage::kSourceLoading) return process_bytes(bytes, out);
    if (in.stage == Stage::kM3uGeneration) return process_text(bytes, out);
    if (in.stage == Stage::kEpg) return process_programmes(ProgrammeBatch(in.data, in.size), out);
    return process_channels(ChannelBatch(in.data, in.size), out);
  }

  /// Called after the last chunk until it says kDone.
  virtual Result finalize(Output& /*out*/) { return Result::kDone; }
  /// The generation is over, whether it went well or not: free everything.
  virtual void cleanup() {}

 protected:
  ~WasmStreamingStage() = default;
};

}  // namespace m3u
