// deduplicator: of several channels with the same name, whatever their source, the first stays.
// Names are compared by their letters and digits, without regard to case.
//
// It accumulates: each chunk waits until all are there. How they wait is a matter of memory, never
// of the result: plain; compressed, from pressure level Critical or 16 MB on; in a temporary file,
// at Emergency or from 24 MB on. Names stay in memory.
#include <m3u_plugin.hpp>

namespace {

class Deduplicator final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "deduplicator",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Keeps the first of several channels with the same name",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kDataMapping, m3u::Stage::kFiltering},
            .memory_requirements = {.min_heap_mb = 10,
                                    .max_heap_mb = 64,
                                    .supports_streaming = false,
                                    .supports_compression = true}};
  }

  bool begin(m3u::Stage /*stage*/, m3u::Context& context) override {
    cleanup();
    can_handle_memory_pressure(context.pressure());
    return true;
  }

  bool can_handle_memory_pressure(m3u::PressureLevel level) override {
    if (level == m3u::PressureLevel::kCritical) chunks_.compress();
    return level < m3u::PressureLevel::kEmergency || chunks_.spill();
  }

  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& /*out*/) override {
    m3u::ChannelEditor editor(channels);
    for (uint32_t row = 0; row < channels.rows(); ++row) {
      fold(channels.name(row));
      if (!folded_.empty() && !names_.add(folded_)) editor.drop(row);
    }
    if (!chunks_.add(editor)) return m3u::fail("cannot keep a chunk");
    // Nobody has to say that memory is short where this plugin holds much of what it may have.
    if (chunks_.bytes() > kMostPlain) chunks_.compress();
    if (chunks_.bytes() > kMostInMemory && can_spill_) can_spill_ = chunks_.spill();
    return m3u::Result::kNone;
  }

  m3u::Result finalize(m3u::Output& out) override {
    m3u::Buffer frame;
    if (chunks_.next(frame)) return out.give(static_cast<m3u::Buffer&&>(frame));
    return chunks_.failed() ? m3u::fail("cannot read a chunk") : m3u::Result::kDone;
  }

  void cleanup() override {
    chunks_.reset();
    names_.reset();
    can_spill_ = true;
  }

 private:
  static constexpr size_t kMostPlain = 16 << 20;
  static constexpr size_t kMostInMemory = 24 << 20;

  /// Makes `folded_` what counts of a name.
  void fold(m3u::Text name) {
    folded_.clear();
    for (const char c : name)
      if (m3u::is_ascii_letter(c) || (c >= '0' && c <= '9') || static_cast<uint8_t>(c) >= 0x80)
        folded_ += m3u::ascii_lower(c);
  }

  m3u::ChunkStore chunks_;
  m3u::TextSet names_;
  m3u::Buffer folded_;
  bool can_spill_ = true;  // until it did not work
};

}  // namespace

M3U_PLUGIN(Deduplicator)
