#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/channels/source_loading.hpp>

namespace m3u_proxy::channels {

SourceReader::SourceReader(const pipeline::RunContext& context,
                           std::span<const PlaylistSource> sources, bool with_ids)
    : context_(context),
      sources_(sources),
      with_ids_(with_ids),
      batch_rows_(context.batch_rows),
      plugin_memory_(*context.budget, memory::Tag::kInput),
      plugin_input_(&plugin_memory_) {
  for (const PlaylistSource& source : sources) {
    stats_.push_back({.name = source.name, .kind = "playlist"});
    infos_.push_back({.name = source.name, .type = source.type, .url = source.url});
  }
}

Result<bool> SourceReader::next(ChannelItem& item) {
  while (true) {
    if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    if (!current_) {
      if (index_ == sources_.size()) return false;
      M3U_CHECK(open_next());
      continue;
    }
    M3U_TRY(const bool taken, plugin_ ? take_from_plugin(item) : take_chunk(item));
    if (taken) return true;
  }
}

void SourceReader::set_batch_rows(std::size_t rows) {
  batch_rows_ = rows;
  if (splitter_) splitter_->set_batch_rows(rows);
}

Result<> SourceReader::open_next() {
  const PlaylistSource& source = sources_[index_];
  m3u_sources_.push_back({.index = static_cast<std::uint16_t>(index_),
                          .header = {},
                          .id = with_ids_ ? source.id.value_or(source_id(source.name)) : Uuid{},
                          .with_ids = with_ids_});
  if (!source.plugin.empty()) {
    if (!open_plugin_)
      return record_failure({.code = ErrorCode::kPlugin,
                             .message = "it is read by a plugin, and plugins are not enabled",
                             .hint = "[wasm_plugins] enabled = true"});
    auto reader = open_plugin_(source.plugin, static_cast<std::uint16_t>(index_));
    if (!reader) return fail(reader.error());
    plugin_ = *std::move(reader);
  }
  if (!plugin_) return open_as_playlist();
  auto opened = source.open();
  if (!opened) return record_failure(opened.error());
  current_ = *std::move(opened);
  plugin_at_end_ = false;
  any_usable_ = true;
  note_opened();
  return {};
}

Result<> SourceReader::open_as_playlist() {
  auto opened = sources_[index_].open();
  if (!opened) return record_failure(opened.error());
  current_ = *std::move(opened);
  splitter_.emplace(*context_.slabs, batch_rows_);
  const auto read = read_header();
  return read ? Result<>{} : record_failure(read.error());
}

void SourceReader::note_opened() {
  if (!sources_[index_].origin) return;
  const SourceOrigin origin = sources_[index_].origin();
  stats_[index_].from_cache = origin.from_cache;
  stats_[index_].age_s = origin.age_seconds;
  stats_[index_].account = origin.account;
}

void SourceReader::note_problems() {
  if (sources_[index_].problems) problems_.merge(sources_[index_].problems(), stats_[index_].name);
}

void SourceReader::close_source() {
  note_problems();
  consumed_before_ += current_->consumed();
  current_.reset();
  plugin_.reset();
  ++index_;
}

/// The next rows that the source's plugin gives.
Result<bool> SourceReader::take_from_plugin(ChannelItem& item) {
  const auto taken = read_with_plugin(item);
  if (taken && *taken) return true;
  if (taken && source_error_) {
    M3U_CHECK(record_failure(*std::exchange(source_error_, std::nullopt)));
    return false;
  }
  if (taken) {
    close_source();
    return false;
  }
  // Without on_failure = "native" a plugin's failure is the generation's.
  if (ends_the_job(taken.error()) || !plugin_->replaceable()) return fail(taken.error());
  plugin_.reset();
  current_.reset();
  source_error_.reset();
  stats_[index_].bytes = 0;
  any_usable_ = false;
  M3U_CHECK(open_as_playlist());
  return false;
}

/// False at the source's end.
Result<bool> SourceReader::read_with_plugin(ChannelItem& item) {
  constexpr std::size_t kPiece = std::size_t{256} << 10U;
  if (plugin_input_.empty()) plugin_input_.resize(kPiece);
  item.source = &m3u_sources_.back();
  item.chunk = {};
  item.batch.clear();
  while (!plugin_at_end_ && item.batch.rows() == 0) {
    if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    // Pieces are as large as they can be, so that they do not depend on how the bytes arrive.
    std::size_t size = 0;
    while (size < kPiece) {
      const auto read = current_->read(std::span(plugin_input_).subspan(size));
      // What came before it is used, as of a playlist that breaks off.
      if (!read && ends_the_job(read.error())) return fail(read.error());
      if (!read) source_error_ = read.error();
      if (!read || *read == 0) break;
      size += *read;
    }
    plugin_at_end_ = size < kPiece;
    stats_[index_].bytes += size;
    if (size != 0) M3U_CHECK(plugin_->read({plugin_input_.data(), size}, item));
  }
  if (item.batch.rows() == 0) {
    M3U_TRY(const bool more, plugin_->finish(item));
    if (!more) return false;
  }
  item.read_problems = std::exchange(problems_, {});
  return true;
}

Result<> SourceReader::read_header() {
  SourceStats& stats = stats_[index_];
  M3U_TRY(const std::string_view beginning, splitter_->beginning(*current_));
  ProblemLog found;
  M3U_TRY(formats::M3uHeader header, formats::read_m3u_header(beginning, found));
  if (!header.present && !header.genres) {
    log::warn("pipeline.sources", "{}: no #EXTM3U header, read as a playlist all the same",
              stats.name);
    found.add("no_header", 1, 0, beginning.substr(0, 80));
  }
  problems_.merge(found, stats.name);
  splitter_->skip(header.skip);
  if (header.genres) splitter_->expect_genres();
  stats.guide_urls = header.guide_urls;
  m3u_sources_.back().header = std::move(header);
  any_usable_ = true;
  note_opened();
  return {};
}

Result<bool> SourceReader::take_chunk(ChannelItem& item) {
  SourceStats& stats = stats_[index_];
  ProblemLog dropped;
  auto chunk = splitter_->next(*current_, dropped);
  problems_.merge(dropped, stats.name);
  if (!chunk) {
    M3U_CHECK(record_failure(chunk.error()));
    return false;
  }
  if (chunk->text.empty()) {
    close_source();
    return false;
  }
  stats.bytes += chunk->text.size();
  item.read_problems = std::exchange(problems_, {});
  item.chunk = *std::move(chunk);
  item.source = &m3u_sources_.back();
  return true;
}

Result<> SourceReader::record_failure(const Error& error) {
  if (ends_the_job(error)) return fail(error);
  SourceStats& stats = stats_[index_];
  Error named = error;
  if (named.where.source == stats.name) named.where.source.clear();  // said once is enough
  stats.error = to_string(named);
  stats.partial = stats.bytes != 0;
  log::warn("pipeline.sources", "{}: {}{}", stats.name, stats.error,
            stats.partial ? "; what came before it is used" : "");
  errors_.push_back(std::move(named));
  if (current_) note_problems();
  current_.reset();
  plugin_.reset();
  ++index_;
  return {};
}

std::optional<Error> SourceReader::total_failure() const {
  if (any_usable_ || errors_.empty()) return std::nullopt;
  if (errors_.size() == 1) {
    Error error = errors_.front();
    error.message = fmt::format("{}: {}", stats_.front().name, error.message);
    return error;
  }
  std::string message = "every source failed:";
  for (const SourceStats& stats : stats_)
    message += fmt::format("\n  {}: {}", stats.name, stats.error);
  return Error{.code = errors_.front().code, .message = std::move(message)};
}

std::uint64_t SourceReader::consumed() const {
  return consumed_before_ + (current_ ? current_->consumed() : 0);
}

std::uint64_t SourceReader::size() const {
  const auto size = current_ ? current_->size() : std::nullopt;
  return size && index_ + 1 == sources_.size() ? consumed_before_ + *size : 0;
}

Result<> SourceLoadingStrategy::process(ChannelItem& item) {
  item.groups = {};
  if (item.chunk.text.empty()) return {};  // a plugin read it
  item.groups = formats::parse_m3u(item.chunk, *item.source, item.batch, item.problems);
  return {};
}

Result<> DuplicateFilter::process(ChannelItem& item) {
  if (source_ != item.source->index) {  // the rule is about one source
    seen_.clear();
    ids_.clear();
    group_.clear();
    source_ = item.source->index;
  }
  group_.carry(item.groups, item.batch);
  SourceStats& stats = reader_->stats_of(item.source->index);
  const std::uint64_t first_line = item.chunk.first_line;
  Result<> kept;
  item.batch.retain([&](std::size_t row) {
    auto is_new = seen_.insert(item.batch.key(row));
    if (is_new && *is_new && item.source->with_ids)
      if (auto own = ids_.make_own(item.source->id, item.batch, row); !own)
        is_new = fail(std::move(own).error());
    if (!is_new && kept) kept = fail(is_new.error());
    if (!is_new || *is_new) return true;
    found_.add("duplicate", 0, 0, item.batch.text(catalog::ChannelField::kChannelName, row));
    return false;
  });
  M3U_CHECK(kept);
  problems_.merge(item.read_problems, stats.name);
  problems_.merge(item.problems, stats.name, first_line - 1);
  problems_.merge(found_, stats.name);
  found_.clear();
  item.problems.clear();  // what later stages find has no line of its own
  stats.items += item.batch.rows();
  return {};
}

std::size_t DuplicateFilter::basic_cleanup() {
  const auto items = static_cast<std::size_t>(seen_.size() + ids_.size());
  seen_.clear();
  ids_.clear();
  return items;
}

memory::MemoryUsage DuplicateFilter::memory_usage() const {
  const Bytes held = seen_.footprint() + ids_.footprint();
  return {.held = held, .unused = held};  // no later stage asks for it
}

}  // namespace m3u_proxy::channels
