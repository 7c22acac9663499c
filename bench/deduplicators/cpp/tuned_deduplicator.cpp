// tuned_deduplicator: the sample deduplicator with names that cost less time and, spilled, no
// memory. It shows what a plugin that holds everything back can reach: ./dev bench.
//
// It accumulates: each chunk waits until all are there. How they wait is a matter of memory, never
// of the result: plain; compressed, from pressure level Critical or 16 MB on; in temporary files,
// at Emergency or from 24 MB on, names included, and then any list takes less than 10 MB more. The
// configuration's `mode` ("compress", "spill") does so from the start.
#include "seen_names.hpp"

namespace {

class Deduplicator final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "tuned_deduplicator",
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

  bool init(m3u::Config& config) override {
    const m3u::Text mode = config.text("mode", "");
    if (mode == "compress") least_ = m3u::PressureLevel::kCritical;
    if (mode == "spill") least_ = m3u::PressureLevel::kEmergency;
    return true;
  }

  bool begin(m3u::Stage /*stage*/, m3u::Context& context) override {
    cleanup();
    can_handle_memory_pressure(context.pressure() > least_ ? context.pressure() : least_);
    return true;
  }

  bool can_handle_memory_pressure(m3u::PressureLevel level) override {
    // What goes to disk at once is not worth the time of compressing.
    if (level == m3u::PressureLevel::kCritical) chunks_.compress();
    if (level < m3u::PressureLevel::kEmergency || chunks_.is_spilled()) return true;
    can_spill_ = finalizing_ ? spill_rest() : spill();
    return can_spill_;
  }

  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& /*out*/) override {
    if (!chunks_.is_spilled()) {
      m3u::ChannelEditor editor(channels);
      keys_.clear();
      for (uint32_t row = 0; row < channels.rows(); ++row)
        keys_.push_back(name_key(channels.name(row)));
      names_.expect(keys_);
      for (uint32_t row = 0; row < channels.rows(); ++row)
        if (names_.is_known(keys_[row])) editor.drop(row), ++dropped_;
      if (!chunks_.add(editor)) return m3u::fail("cannot keep a chunk");
      watch_memory();
      return m3u::Result::kNone;
    }
    const m3u::ChannelEditor whole(channels);
    return note_names(channels) && chunks_.add(whole) ? m3u::Result::kNone : failed_to_spill();
  }

  m3u::Result finalize(m3u::Output& out) override {
    if (!finalizing_) {
      finalizing_ = true;
      names_.reset();
      names_are_spilled_ = chunks_.is_spilled();
      if (names_are_spilled_ && !spilled_names_.resolve()) return failed_to_spill();
    }
    m3u::Buffer frame;
    while (chunks_.next(frame)) {
      if (!names_are_spilled_) return out.give(static_cast<m3u::Buffer&&>(frame));
      const m3u::ChannelBatch channels(frame.data(), frame.size());
      m3u::ChannelEditor editor(channels);
      for (uint32_t row = 0; row < channels.rows(); ++row)
        if (spilled_names_.take_is_duplicate()) editor.drop(row), ++dropped_;
      if (spilled_names_.failed()) return failed_to_spill();
      if (editor.unchanged()) return out.give(static_cast<m3u::Buffer&&>(frame));
      return out.give(editor);
    }
    if (chunks_.failed()) return failed_to_spill();
    m3u::host::record_metric("duplicates", static_cast<double>(dropped_));
    return m3u::Result::kDone;
  }

  void cleanup() override {
    chunks_.reset();
    names_.reset();
    keys_.reset();
    spilled_names_.reset();
    finalizing_ = names_are_spilled_ = false;
    can_spill_ = true;
    dropped_ = 0;
  }

 private:
  // Of 64 MB that its manifest asks for; a growing table of names is there twice for a moment.
  static constexpr size_t kMostPlain = 16 << 20;
  static constexpr size_t kMostInMemory = 24 << 20;

  /// Nobody has to say that memory is short where this plugin holds most of what it may have.
  void watch_memory() {
    const size_t held = chunks_.bytes() + names_.bytes();
    if (held > kMostPlain) chunks_.compress();
    if (held > kMostInMemory && can_spill_) can_spill_ = spill();
  }
  static m3u::Result failed_to_spill() { return m3u::fail("cannot use the temporary files"); }

  /// Moves everything to temporary files. False: that does not work, and all stays where it is.
  bool spill() {
    spilled_names_.start();
    if (!chunks_.spill([&](const m3u::ChannelBatch& channels) { return note_names(channels); })) {
      spilled_names_.reset();
      return false;
    }
    names_.reset();
    return true;
  }
  /// The same when all chunks are there, without those that have duplicates.
  bool spill_rest() {
    return chunks_.spill([](const m3u::ChannelBatch& /*channels*/) { return true; });
  }
  bool note_names(const m3u::ChannelBatch& channels) {
    for (uint32_t row = 0; row < channels.rows(); ++row)
      if (!spilled_names_.add(name_key(channels.name(row)))) return false;
    return true;
  }

  m3u::PressureLevel least_ = m3u::PressureLevel::kOptimal;  // as the configuration says
  m3u::ChunkStore chunks_;
  SeenNames names_;
  m3u::Array<NameKey> keys_;  // of the chunk
  SpilledNames spilled_names_;
  bool finalizing_ = false;
  bool can_spill_ = true;           // until it did not work
  bool names_are_spilled_ = false;  // so rows are not yet without duplicates
  uint64_t dropped_ = 0;
};

}  // namespace

M3U_PLUGIN(Deduplicator)
