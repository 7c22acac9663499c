#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/pipeline/m3u_generation.hpp>
#include <m3u_proxy/pipeline/published_list.hpp>

namespace m3u_proxy::pipeline {
namespace {

/// Adds the addresses of the playlist to `counter` and returns how many there are.
Result<std::uint64_t> count_urls(io::ByteSource& source, const RunContext& context,
                                 catalog::KeyCounter& counter) {
  formats::M3uSplitter splitter(*context.slabs, context.batch_rows);
  ProblemLog problems;
  std::uint64_t count = 0;
  while (!context.cancel->cancelled()) {
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(source, problems));
    if (chunk.text.empty()) break;
    formats::LineCursor cursor(chunk.text, chunk.has_cr);
    while (cursor.next()) {
      if (formats::line_kind(cursor.line()) != formats::LineKind::kUrl) continue;
      counter.add(url_key(cursor.line()));
      ++count;
    }
  }
  return count;
}

}  // namespace

PublishedList PublishedList::read(const std::filesystem::path& path, const RunContext& context) {
  PublishedList list;
  const auto source = io::open_file(path, context.cancel);
  if (!source) return list;
  try {
    list.counter_ = std::make_unique<catalog::KeyCounter>(*context.budget);
    const auto count = count_urls(**source, context, *list.counter_);
    if (count) {
      list.previous_ = *count;
      return list;
    }
    log::debug("pipeline", "the last list is not compared: {}", to_string(count.error()));
  } catch (const memory::OverBudget& refused) {
    log::debug("pipeline", "the last list is not compared: {}", refused.what());
  }
  list.counter_.reset();
  return list;
}

void PublishedList::compare(std::span<const std::uint64_t> url_keys) {
  if (!counter_) return;
  for (const std::uint64_t key : url_keys)
    if (!counter_->take(key)) ++added_;
}

}  // namespace m3u_proxy::pipeline
