#include <bit>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/generation/published_list.hpp>
#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::generation {
namespace {

constexpr Bytes kKeysInMemory = mib(16);

}  // namespace

PublishedList::Keys::Keys(const pipeline::RunContext& context)
    : previous(*context.budget, context.spill, {.memory = kKeysInMemory}),
      written(*context.budget, context.spill, {.memory = kKeysInMemory}) {}

Result<PublishedList> PublishedList::read(const LastPlaylist& last,
                                          const pipeline::RunContext& context) {
  PublishedList list;
  if (last.channels) {
    list.known_ = true;
    list.before_.count = *last.channels;
    return list;
  }
  const auto source = io::open_file(last.file, context.cancel);
  if (!source && source.error().code == ErrorCode::kNotFound) return list;
  if (!source) return fail(source.error());
  list.known_ = true;
  list.keys_ = std::make_unique<Keys>(context);
  formats::M3uSplitter splitter(*context.slabs, context.batch_rows);
  ProblemLog problems;
  while (!context.cancel->cancelled()) {
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(**source, problems));
    if (chunk.text.empty()) return list;
    formats::LineCursor cursor(chunk.text, chunk.has_cr);
    while (cursor.next())
      if (formats::is_address(formats::line_kind(cursor.line()))) list.add(cursor.line());
  }
  return fail(ErrorCode::kCancelled, "stopped on request");
}

void PublishedList::add(std::string_view url) {
  const std::uint64_t key = channels::url_key(url);
  before_.add(key);
  if (keys_) keep_if(keys_->previous.add(key));
}

void PublishedList::compare(std::span<const std::uint64_t> url_keys) {
  for (const std::uint64_t key : url_keys) {
    now_.add(key);
    if (keys_) keep_if(keys_->written.add(key));
  }
}

/// Two sums that depend on the order in different ways: lists with the same ones are the same, as
/// surely as addresses with the same key are.
void PublishedList::Digest::add(std::uint64_t key) {
  ++count;
  a = (std::rotl(a, 29) ^ key) * 0x9E3779B97F4A7C15U;
  b = (b + key) * 0xD6E8FEB86659FD93U;
}

void PublishedList::finish() {
  if (!keys_) return;
  if (before_ == now_) {  // most runs change nothing: there is nothing to be sorted
    keys_->previous.clear();
    keys_->written.clear();
    return;
  }
  keep_if(count_differences());
}

Result<> PublishedList::count_differences() {
  KeySorter& previous = keys_->previous;
  KeySorter& written = keys_->written;
  M3U_CHECK(previous.finish());
  M3U_CHECK(written.finish());
  std::uint64_t before = 0;
  std::uint64_t now = 0;
  M3U_TRY(bool has_before, previous.next(before));
  M3U_TRY(bool has_now, written.next(now));
  while (has_before || has_now) {
    const bool is_removed = has_before && (!has_now || before < now);
    const bool is_added = has_now && (!has_before || now < before);
    removed_ += is_removed ? 1 : 0;
    added_ += is_added ? 1 : 0;
    if (!is_added) {
      M3U_TRY(has_before, previous.next(before));
    }
    if (!is_removed) {
      M3U_TRY(has_now, written.next(now));
    }
  }
  previous.clear();
  written.clear();
  return {};
}

void PublishedList::keep_if(const Result<>& done) {
  if (done) return;
  log::warn("pipeline", "what changed since the last list is not known: {}",
            to_string(done.error()));
  keys_.reset();
}

}  // namespace m3u_proxy::generation
