#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/plugin_host/text_plugin.hpp>

namespace m3u_proxy::plugin_host {
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
    if (!formats::is_address(formats::line_kind(cursor.line()))) continue;
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
      held_(work) {}

Result<> TextPlugin::process_chunk(std::string_view chunk, std::uint64_t entries,
                                   std::pmr::string& out) {
  M3U_CHECK(held_.keep(as_bytes(chunk)));
  if (held_.gave_up()) return {};
  M3U_TRY(const bool good, work_.process(as_bytes(chunk), entries,
                                         [&](std::span<const std::uint8_t> answer) -> Result<> {
                                           M3U_CHECK(check(as_text(answer)));
                                           out += as_text(answer);
                                           return {};
                                         }));
  if (good) return {};
  if (work_.accumulates()) {
    held_.give_up();
    return {};
  }
  work_.count_replaced();
  out += chunk;
  return {};
}

Result<> TextPlugin::process(channels::ChannelItem& item) {
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
  work_.count_items_out(channels::count_entries(item.text, nullptr));
  return {};
}

Result<bool> TextPlugin::flush(channels::ChannelItem& item) {
  item.text.clear();
  if (parallel()) {
    work_.finish();
    return false;
  }
  bool more = true;
  if (!pending_.empty()) {
    std::uint64_t entries = UINT64_MAX;
    size_of(pending_, entries);
    M3U_CHECK(process_chunk(pending_, entries, item.text));
    pending_.clear();
  } else {
    M3U_TRY(more, held_.next([](HeldBack::Chunk text) { return check(as_text(text)); },
                             [&](HeldBack::Chunk text, bool /*again*/) -> Result<> {
                               item.text = as_text(text);
                               return {};
                             }));
  }
  if (more) work_.count_items_out(channels::count_entries(item.text, nullptr));
  return more;
}

}  // namespace m3u_proxy::plugin_host
