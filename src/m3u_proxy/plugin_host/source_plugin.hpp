// PluginSourceReader: reads a source with a source_loading plugin.
#pragma once

#include <optional>

#include <m3u_proxy/plugin_host/stage_plugin.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::plugin_host {

class PluginSourceReader final : public channels::SourcePlugin {
 public:
  /// `work` outlives it; `source`: its index, which its rows have to have.
  PluginSourceReader(StagePlugin& work, std::uint16_t source);

  Result<> read(std::string_view bytes, channels::ChannelItem& item) override;
  Result<bool> finish(channels::ChannelItem& item) override;
  [[nodiscard]] bool replaceable() const override { return work_.falls_back(); }

 private:
  Result<> check(catalog::FrameBytes frame) const;
  Result<> give(catalog::FrameBytes frame, channels::ChannelItem& item);
  void load(channels::ChannelItem& item);
  Error replaced();

  StagePlugin& work_;
  std::uint16_t source_;
  bool finalized_ = false;
  std::optional<spill::Spool> results_;  // of one that may be replaced
  std::size_t next_ = 0;
  memory::BudgetResource memory_;
  std::pmr::vector<std::uint8_t> scratch_;
};

}  // namespace m3u_proxy::plugin_host
