// ProgrammePlugin: a plugin of EPG Generation: it works on the programmes that were selected, in
// the order in which they will be written.
//
// Chunks have kChunkRows programmes; what an accumulating plugin was given and gives is kept as
// ChannelPlugin does it. The plugin's calls come one after the other, also of a parallel one.
#pragma once

#include <m3u_proxy/guide/programmes/programme_columns.hpp>
#include <m3u_proxy/plugin_host/held_back.hpp>

namespace m3u_proxy::plugin_host {

class ProgrammePlugin final : public guide::ProgrammeStrategy {
 public:
  explicit ProgrammePlugin(StagePlugin& work);

  [[nodiscard]] std::string_view name() const override { return work_.manifest().name; }
  Result<> process(guide::ProgrammeRows& rows) override;
  Result<bool> flush(guide::ProgrammeRows& rows) override;
  void move_down(memory::StorageLevel kind) { held_.move_down(kind); }

 private:
  Result<> process_chunk(guide::ProgrammeRows& out);
  void load(catalog::FrameBytes frame, guide::ProgrammeRows& out);

  StagePlugin& work_;
  memory::BudgetResource memory_;
  guide::ProgrammeRows pending_;  // less than a chunk
  guide::ProgrammeColumns columns_;
  std::pmr::vector<catalog::ProgrammeRow> chunk_;
  std::pmr::vector<std::uint8_t> frame_;
  HeldBack held_;
};

}  // namespace m3u_proxy::plugin_host
