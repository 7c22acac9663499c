#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/pipeline/m3u_generation.hpp>
#include <m3u_proxy/plugins/text_plugin.hpp>

namespace m3u_proxy::plugins {
namespace {

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<> check(std::string_view text) {
  if (!is_valid_utf8(text) || text.contains('\0'))
    return fail(ErrorCode::kPlugin, "it gave text that is not UTF-8");
  if (!text.empty() && text.back() != '\n')
    return fail(ErrorCode::kPlugin, "it gave text whose last line does not end");
  return {};
}

/// The size of the first `entries` entries of a text; of all when it has fewer, and then `entries`
/// becomes their number.
std::size_t size_of(std::string_view text, std::uint64_t& entries) {
  std::uint64_t found = 0;
  formats::LineCursor cursor(text, false);
  while (found < entries && cursor.next()) {
    if (formats::line_kind(cursor.line()) != formats::LineKind::kUrl) continue;
    if (++found == entries) return cursor.position();
  }
  entries = found;
  return text.size();
}

}  // namespace

TextPlugin::TextPlugin(StagePlugin& work)
    : work_(work),
      memory_(*work.run().info.context->budget, memory::Tag::kOutput),
      pending_(&memory_),
      scratch_(&memory_) {
  if (parallel() || !work.accumulates() || !work.falls_back()) return;
  const catalog::Spool::Options options{.space = work.run().info.context->spill};
  replay_.emplace(*work.run().info.context->slabs, options);
  results_.emplace(*work.run().info.context->slabs, options);
}

void TextPlugin::move_down(catalog::SpoolKind kind) {
  if (replay_) replay_->move_down(kind);
  if (results_) results_->move_down(kind);
}

Result<> TextPlugin::process_chunk(std::string_view chunk, std::uint64_t entries,
                                   std::pmr::string& out) {
  if (replay_) M3U_CHECK(replay_->append(replay_->pack(as_bytes(chunk), scratch_)));
  if (gave_up_) return {};
  M3U_TRY(const bool good, work_.process(as_bytes(chunk), entries,
                                         [&](std::span<const std::uint8_t> answer) -> Result<> {
                                           M3U_CHECK(check(as_text(answer)));
                                           out += as_text(answer);
                                           return {};
                                         }));
  if (good) return {};
  if (work_.accumulates())
    gave_up_ = true;
  else
    out += chunk;
  return {};
}

Result<> TextPlugin::process(pipeline::StageItem& item) {
  std::pmr::string out(&item.text_resource);
  if (parallel()) {
    if (item.text.empty()) return {};
    M3U_CHECK(process_chunk(item.text, item.batch.rows(), out));
  } else {
    pending_ += item.text;
    std::string_view left = pending_;
    while (true) {
      std::uint64_t entries = kChunkRows;
      const std::size_t size = size_of(left, entries);
      if (entries < kChunkRows) break;
      M3U_CHECK(process_chunk(left.substr(0, size), entries, out));
      left.remove_prefix(size);
    }
    pending_.erase(0, pending_.size() - left.size());
  }
  item.text = out;
  work_.count_items_out(pipeline::count_entries(item.text, nullptr));
  return {};
}

Result<bool> TextPlugin::flush(pipeline::StageItem& item) {
  item.text.clear();
  if (parallel()) return false;
  bool more = true;
  if (!pending_.empty()) {
    std::uint64_t entries = UINT64_MAX;
    size_of(pending_, entries);
    M3U_CHECK(process_chunk(pending_, entries, item.text));
    pending_.clear();
  } else {
    if (results_ && !finalized_) M3U_CHECK(collect_results());
    M3U_TRY(more, next_result(item.text));
  }
  if (more) work_.count_items_out(pipeline::count_entries(item.text, nullptr));
  return more;
}

Result<> TextPlugin::collect_results() {
  finalized_ = true;
  while (!gave_up_) {
    M3U_TRY(const auto finalized,
            work_.finalize([&](std::span<const std::uint8_t> answer) -> Result<> {
              M3U_CHECK(check(as_text(answer)));
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

Result<bool> TextPlugin::next_result(std::pmr::string& out) {
  if (results_) {
    catalog::Spool& from = gave_up_ ? *replay_ : *results_;
    if (next_ == from.frames()) return false;
    M3U_TRY(const auto text, from.read(next_++, scratch_));
    out = as_text(text);
    return true;
  }
  if (finalized_) return false;
  M3U_TRY(const auto finalized,
          work_.finalize([&](std::span<const std::uint8_t> answer) -> Result<> {
            M3U_CHECK(check(as_text(answer)));
            out = as_text(answer);
            return {};
          }));
  finalized_ = finalized != StagePlugin::Finalized::kBatch;
  return !finalized_;
}

}  // namespace m3u_proxy::plugins
