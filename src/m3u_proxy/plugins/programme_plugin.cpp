#include <m3u_proxy/plugins/programme_plugin.hpp>

namespace m3u_proxy::plugins {

using pipeline::ProgrammeRows;

ProgrammePlugin::ProgrammePlugin(StagePlugin& work)
    : work_(work),
      memory_(*work.run().info.context->budget, memory::Tag::kBatch),
      pending_(*work.run().info.context->slabs),
      columns_(*work.run().info.context->slabs),
      chunk_(&memory_),
      frame_(&memory_),
      scratch_(&memory_) {
  if (!work.accumulates() || !work.falls_back()) return;
  const catalog::Spool::Options options{.space = work.run().info.context->spill};
  replay_.emplace(*work.run().info.context->slabs, options);
  results_.emplace(*work.run().info.context->slabs, options);
}

void ProgrammePlugin::move_down(catalog::SpoolKind kind) {
  if (replay_) replay_->move_down(kind);
  if (results_) results_->move_down(kind);
}

Result<> ProgrammePlugin::process(ProgrammeRows& rows) {
  ProgrammeRows out(*work_.run().info.context->slabs);
  for (const ProgrammeRows::Row& row : rows.rows()) {
    pending_.add(
        {.element = pending_.keep(row.element), .output = row.output, .source = row.source});
    if (pending_.rows().size() == kChunkRows) M3U_CHECK(process_chunk(out));
  }
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
  if (replay_) M3U_CHECK(replay_->append(replay_->pack(frame_, scratch_)));
  if (!gave_up_) {
    M3U_TRY(const bool good,
            work_.process(frame_, chunk_.size(), [&](catalog::FrameBytes answer) -> Result<> {
              M3U_CHECK(check(answer));
              load(answer, out);
              return {};
            }));
    if (!good && work_.accumulates())
      gave_up_ = true;
    else if (!good)
      load(frame_, out);
  }
  pending_.clear();
  return {};
}

Result<> ProgrammePlugin::check(catalog::FrameBytes frame) const {
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % 16 != 0)
    return fail(ErrorCode::kPlugin, "it gave a batch that is not at a multiple of 16");
  const auto verified = catalog::verify_programme_frame(frame);
  if (!verified)
    return fail(ErrorCode::kPlugin, "it gave a bad batch: " + verified.error().message);
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
  bool more = true;
  if (!pending_.empty()) {
    M3U_CHECK(process_chunk(rows));
  } else {
    if (results_ && !finalized_) M3U_CHECK(collect_results());
    M3U_TRY(more, next_result(rows));
  }
  return more;
}

Result<> ProgrammePlugin::collect_results() {
  finalized_ = true;
  while (!gave_up_) {
    M3U_TRY(const auto finalized, work_.finalize([&](catalog::FrameBytes answer) -> Result<> {
      M3U_CHECK(check(answer));
      return results_->append(results_->pack(answer, scratch_));
    }));
    if (finalized == StagePlugin::Finalized::kDone) {
      replay_->clear();
      return {};
    }
    gave_up_ = finalized == StagePlugin::Finalized::kFailed;
  }
  results_->clear();
  return {};
}

Result<bool> ProgrammePlugin::next_result(ProgrammeRows& out) {
  if (results_) {
    catalog::Spool& from = gave_up_ ? *replay_ : *results_;
    if (next_ == from.frames()) return false;
    M3U_TRY(const auto frame, from.read(next_++, scratch_));
    load(frame, out);
    return true;
  }
  if (finalized_) return false;
  M3U_TRY(const auto finalized, work_.finalize([&](catalog::FrameBytes answer) -> Result<> {
    M3U_CHECK(check(answer));
    load(answer, out);
    return {};
  }));
  finalized_ = finalized != StagePlugin::Finalized::kBatch;
  return !finalized_;
}

}  // namespace m3u_proxy::plugins
