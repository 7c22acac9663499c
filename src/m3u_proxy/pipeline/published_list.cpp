#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/pipeline/m3u_generation.hpp>
#include <m3u_proxy/pipeline/published_list.hpp>

namespace m3u_proxy::pipeline {
Result<PublishedList> PublishedList::read(const std::filesystem::path& path,
                                          const RunContext& context) {
  PublishedList list;
  const auto source = io::open_file(path, context.cancel);
  if (!source && source.error().code == ErrorCode::kNotFound) return list;
  if (!source) return fail(source.error());
  list.known_ = true;
  list.counter_ = std::make_unique<catalog::KeyCounter>(*context.budget);
  formats::M3uSplitter splitter(*context.slabs, context.batch_rows);
  ProblemLog problems;
  while (!context.cancel->cancelled()) {
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(**source, problems));
    if (chunk.text.empty()) return list;
    formats::LineCursor cursor(chunk.text, chunk.has_cr);
    while (cursor.next())
      if (formats::line_kind(cursor.line()) == formats::LineKind::kUrl) list.add(cursor.line());
  }
  return fail(ErrorCode::kCancelled, "stopped on request");
}

void PublishedList::add(std::string_view url) {
  ++previous_;
  if (!counter_) return;
  try {
    counter_->add(url_key(url));
  } catch (const memory::OverBudget& refused) {
    log::debug("pipeline", "the last list is only counted: {}", refused.what());
    counter_.reset();
  }
}

void PublishedList::compare(std::span<const std::uint64_t> url_keys) {
  if (!counter_) return;
  for (const std::uint64_t key : url_keys)
    if (!counter_->take(key)) ++added_;
}

}  // namespace m3u_proxy::pipeline
