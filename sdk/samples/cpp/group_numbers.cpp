// group_numbers: numbers channels by group: the first group gets 1000, 1001, …, the next one 2000,
// and so on. A group that is full goes on in the next thousand that is free.
#include <m3u_plugin.hpp>

namespace {

using m3u::ChannelField;

class GroupNumbers final : public m3u::WasmStreamingStage {
 public:
  [[nodiscard]] m3u::PluginInfo info() const override {
    return {.name = "group_numbers",
            .version = "1.0.0",
            .author = "m3u-proxy",
            .description = "Numbers channels by group, a thousand for each",
            .license = "MIT",
            .supported_stages = {m3u::Stage::kChannelNumbering},
            .memory_requirements = {.min_heap_mb = 1, .max_heap_mb = 16}};
  }

  bool init(m3u::Config& config) override {
    const double size = config.number("block", 1000);
    if (!(size >= 1 && size <= 1e6)) {
      m3u::fail("block is not a number from 1 to 1000000");
      return false;
    }
    block_ = static_cast<uint64_t>(size);
    return true;
  }

  bool begin(m3u::Stage /*stage*/, m3u::Context& /*context*/) override {
    cleanup();
    next_block_ = block_;
    return true;
  }

  m3u::Result process_channels(const m3u::ChannelBatch& channels, m3u::Output& out) override {
    m3u::ChannelEditor editor(channels);
    m3u::Buffer digits;
    for (uint32_t row = 0; row < channels.rows(); ++row) {
      digits.clear();
      digits.append_number(static_cast<int64_t>(next_number(channels.group(row))));
      if (channels.number(row) == m3u::Text(digits)) continue;
      editor.set(ChannelField::kTvgChno, row, editor.store(digits));
    }
    return out.give(editor);
  }

  void cleanup() override {
    names_.reset();
    groups_.reset();
    slots_.reset();
  }

 private:
  struct Group {
    m3u::Text name;
    uint64_t next;
    uint64_t end;
  };

  uint64_t next_number(m3u::Text name) {
    Group& group = group_of(name);
    if (group.next == group.end) take_block(group);
    return group.next++;
  }
  void take_block(Group& group) {
    group.next = next_block_;
    group.end = next_block_ += block_;
  }

  /// By a hash table of indices that is never more than half full.
  Group& group_of(m3u::Text name) {
    if (slots_.size() < 2 * (groups_.size() + 1)) rehash();
    size_t slot = hash(name) % slots_.size();
    for (; slots_[slot] != 0; slot = (slot + 1) % slots_.size())
      if (groups_[slots_[slot] - 1].name == name) return groups_[slots_[slot] - 1];
    groups_.push_back({names_.store(name), 0, 0});
    slots_[slot] = static_cast<uint32_t>(groups_.size());
    return groups_.back();
  }
  void rehash() {
    const size_t size = slots_.empty() ? 64 : slots_.size() * 2;
    slots_.clear();
    slots_.resize(size);
    for (size_t i = 0; i < groups_.size(); ++i) {
      size_t slot = hash(groups_[i].name) % size;
      while (slots_[slot] != 0) slot = (slot + 1) % size;
      slots_[slot] = static_cast<uint32_t>(i + 1);
    }
  }
  static size_t hash(m3u::Text text) {  // FNV-1a
    uint32_t value = 2166136261U;
    for (const char c : text) value = (value ^ static_cast<uint8_t>(c)) * 16777619U;
    return value ^ (value >> 15U);
  }

  uint64_t block_ = 1000;
  uint64_t next_block_ = 1000;
  m3u::Arena names_;
  m3u::Array<Group> groups_;
  m3u::Array<uint32_t> slots_;
};

}  // namespace

M3U_PLUGIN(GroupNumbers)
