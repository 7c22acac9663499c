#include <m3u_proxy/plugin_host/frame_check.hpp>
#include <m3u_proxy/plugin_host/programme_plugin.hpp>

namespace m3u_proxy::plugin_host {

using guide::ProgrammeRows;

ProgrammePlugin::ProgrammePlugin(StagePlugin& work)
    : work_(work),
      memory_(*work.run().info.context->budget, memory::Tag::kBatch),
      pending_(*work.run().info.context->slabs),
      columns_(*work.run().info.context->slabs),
      chunk_(&memory_),
      frame_(&memory_),
      held_(work) {}

Result<> ProgrammePlugin::process(ProgrammeRows& rows) {
  ProgrammeRows out(*work_.run().info.context->slabs);
  for (const ProgrammeRows::Row& row : rows.rows()) {
    pending_.add(
        {.element = pending_.keep(row.element), .output = row.output, .source = row.source});
    if (pending_.rows().size() == kChunkRows) M3U_CHECK(process_chunk(out));
  }
  out.problems().merge(rows.problems(), "");
  rows.clear();
  rows.problems().merge(out.problems(), "");
  for (const ProgrammeRows::Row& row : out.rows())
    rows.add({.element = rows.keep(row.element), .output = row.output, .source = row.source});
  return {};
}

/// The pending rows go through the plugin; what becomes of them is added to `out`.
Result<> ProgrammePlugin::process_chunk(ProgrammeRows& out) {
  chunk_.clear();
  columns_.clear();
  for (const ProgrammeRows::Row& row : pending_.rows()) columns_.read(row, chunk_.emplace_back());
  catalog::build_programme_frame(chunk_, frame_);
  M3U_CHECK(held_.keep(frame_));
  if (!held_.gave_up()) {
    M3U_TRY(const bool good,
            work_.process(frame_, chunk_.size(), [&](catalog::FrameBytes answer) -> Result<> {
              M3U_CHECK(check_programme_frame(answer));
              load(answer, out);
              return {};
            }));
    if (!good && work_.accumulates()) {
      held_.give_up();
    } else if (!good) {
      work_.count_replaced();
      load(frame_, out);
    }
  }
  pending_.clear();
  return {};
}

void ProgrammePlugin::load(catalog::FrameBytes frame, ProgrammeRows& out) {
  columns_.clear();
  std::pmr::vector<catalog::ProgrammeRow> rows(&memory_);
  catalog::load_programme_frame(frame, rows);
  std::uint64_t count = 0;
  for (const catalog::ProgrammeRow& row : rows) {
    const auto element = columns_.write(row, out.problems());
    if (!element) continue;
    out.add({.element = out.keep(*element), .output = row.origin, .source = row.source});
    ++count;
  }
  work_.count_items_out(count);
}

Result<bool> ProgrammePlugin::flush(ProgrammeRows& rows) {
  if (!pending_.empty()) {
    M3U_CHECK(process_chunk(rows));
    return true;
  }
  return held_.next([](catalog::FrameBytes frame) { return check_programme_frame(frame); },
                    [&](catalog::FrameBytes frame, bool /*again*/) -> Result<> {
                      load(frame, rows);
                      return {};
                    });
}

}  // namespace m3u_proxy::plugin_host
