// TextPlugin: a plugin of M3U Generation: it changes the text of playlist entries that the native
// strategy wrote.
//
// As with ChannelPlugin, one that is not parallel gets chunks of kChunkRows entries, and one that
// accumulates and may be replaced has its input and output kept until it is done.
#pragma once

#include <string>

#include <m3u_proxy/plugin_host/held_back.hpp>

namespace m3u_proxy::plugin_host {

class TextPlugin final : public channels::ChannelStrategy {
 public:
  explicit TextPlugin(StagePlugin& work);

  [[nodiscard]] std::string_view name() const override { return work_.manifest().name; }
  [[nodiscard]] bool parallel() const override { return work_.manifest().parallel; }
  /// Works on item.text.
  Result<> process(channels::ChannelItem& item) override;
  Result<bool> flush(channels::ChannelItem& item) override;
  void move_down(memory::StorageLevel kind) { held_.move_down(kind); }

 private:
  Result<> process_chunk(std::string_view chunk, std::uint64_t entries, std::pmr::string& out);

  StagePlugin& work_;
  memory::BudgetResource memory_;
  std::pmr::string pending_;  // less than a chunk
  HeldBack held_;
};

}  // namespace m3u_proxy::plugin_host
