// ProgrammePlugin: a plugin of EPG Generation: it works on the programmes that were selected, in
// the order in which they will be written.
//
// Chunks have kChunkRows programmes; what an accumulating plugin was given and gives is kept as
// ChannelPlugin does it. The plugin's calls come one after the other, also of a parallel one.
#pragma once

#include <m3u_proxy/plugins/held_back.hpp>

namespace m3u_proxy::plugins {

class ProgrammePlugin final : public pipeline::ProgrammeStrategy {
 public:
  explicit ProgrammePlugin(StagePlugin& work);

  [[nodiscard]] std::string_view name() const override { return work_.manifest().name; }
  Result<> process(pipeline::ProgrammeRows& rows) override;
  Result<bool> flush(pipeline::ProgrammeRows& rows) override;
  void move_down(catalog::SpoolKind kind) { held_.move_down(kind); }

 private:
  Result<> process_chunk(pipeline::ProgrammeRows& out);
  Result<> check(catalog::FrameBytes frame) const;
  void load(catalog::FrameBytes frame, pipeline::ProgrammeRows& out);

  StagePlugin& work_;
  memory::BudgetResource memory_;
  pipeline::ProgrammeRows pending_;  // less than a chunk
  pipeline::ProgrammeColumns columns_;
  std::pmr::vector<catalog::ProgrammeRow> chunk_;
  std::pmr::vector<std::uint8_t> frame_;
  HeldBack held_;
};

}  // namespace m3u_proxy::plugins
