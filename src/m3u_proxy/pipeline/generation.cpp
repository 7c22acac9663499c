#include <atomic>
#include <chrono>

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/spool.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/gzip_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/pipeline/channel_numbering.hpp>
#include <m3u_proxy/pipeline/data_mapping.hpp>
#include <m3u_proxy/pipeline/filtering.hpp>
#include <m3u_proxy/pipeline/generation.hpp>
#include <m3u_proxy/pipeline/guide_generator.hpp>
#include <m3u_proxy/pipeline/logo_caching.hpp>
#include <m3u_proxy/pipeline/m3u_generation.hpp>
#include <m3u_proxy/pipeline/pass.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>
#include <m3u_proxy/pipeline/published_list.hpp>
#include <m3u_proxy/pipeline/source_loading.hpp>

namespace m3u_proxy::pipeline {
namespace {

using Clock = std::chrono::steady_clock;
using memory::CleanupStrategy;
using memory::MemoryPressureLevel;

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

CleanupStrategy strategy_for(MemoryPressureLevel level) {
  switch (level) {
    case MemoryPressureLevel::kOptimal:
      return CleanupStrategy::kBasic;
    case MemoryPressureLevel::kModerate:
    case MemoryPressureLevel::kHigh:
      return CleanupStrategy::kSmart;
    default:
      return CleanupStrategy::kAggressive;
  }
}

/// Calls the listener not more often than every tenth of a second.
class Progress {
 public:
  explicit Progress(ProgressListener* listener) : listener_(listener) {}
  void report(Stage stage, std::uint64_t items, std::uint64_t done, std::uint64_t total) {
    if (listener_ == nullptr) return;
    const auto now = Clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    listener_->on_progress(to_string(stage), items, done, total);
  }

 private:
  ProgressListener* listener_;
  Clock::time_point next_{};
};

/// One run for one proxy; the members are what its passes share, in the order they come to be.
class Generation {
 public:
  Generation(const ResolvedProxyConfig& config, const OutputPaths& outputs,
             const RunContext& context, const GenerationServices& services)
      : config_(config),
        outputs_(outputs),
        context_(context),
        services_(services),
        progress_(context.progress),
        watch_(*context.budget, services.monitor, services.fixed_overhead,
               services.system_thresholds),
        reader_(context, config.sources, needs_channel_ids(config)),
        duplicates_(context, reader_),
        spool_(*context.slabs, {.space = context.spill}),
        numbering_(*context.budget, config),
        guide_(context, config.guide, config.programme_filters.get(),
               config.programme_rules.get()) {}

  Result<GenerationStats> run();

 private:
  Result<> load_and_filter();
  Result<> number_and_write();
  Result<> write_guide();
  Result<> publish();
  Result<> keep_batch(StageItem& item);
  Result<> hand_to_guide(StageItem& item);
  Result<> write_batch(StageItem& item);
  Result<> check_shrink() const;
  void watch(Stage stage);
  void finish_stage(Stage stage, std::uint64_t items_in, std::uint64_t items_out,
                    memory::MemoryCleanable& leavings, std::string_view done_what);
  void fill_stats(std::chrono::nanoseconds duration);
  void add_guide_stats();
  void log_problems() const;
  void fill_memory_stats();
  void add_expression_stats(const std::vector<std::string>& names, const rules::Counts& counts,
                            std::string_view applies_to, std::vector<ExpressionStats>& into);
  std::vector<GuideSource> guide_sources();
  [[nodiscard]] std::string guide_url();

  const ResolvedProxyConfig& config_;
  const OutputPaths& outputs_;
  const RunContext& context_;
  const GenerationServices& services_;
  GenerationStats stats_;
  StageClock clock_;
  Progress progress_;
  PressureWatch watch_;

  SourceReader reader_;
  DuplicateFilter duplicates_;
  catalog::Spool spool_;
  rules::Counts rule_counts_;
  rules::Counts filter_counts_;
  std::uint64_t rows_unchecked_ = 0;
  std::uint64_t loaded_ = 0;
  std::uint64_t mapped_ = 0;
  std::uint64_t kept_ = 0;
  std::atomic<std::uint64_t> done_{0};  // for the progress bar, which another step reports

  ChannelNumberingStrategy numbering_;
  GuideGenerator guide_;
  PublishedList previous_;
  std::unique_ptr<io::AtomicFile> playlist_;
  std::unique_ptr<io::AtomicFile> guide_file_;
  GuideResult guide_result_;
  double pass_peak_mb_ = 0;
  Clock::time_point begin_ = Clock::now();
  std::chrono::nanoseconds fsync_time_{};
  memory::CleanupSummary cleanup_before_{};
};

Result<GenerationStats> Generation::run() {
  stats_.proxy = config_.name;
  context_.budget->reset_peaks();
  // As many workers as asked for, also beyond what the machine has cores.
  const tbb::global_control workers(tbb::global_control::max_allowed_parallelism,
                                    std::max<std::size_t>(context_.threads, 1));
  if (services_.monitor != nullptr) M3U_CHECK(services_.monitor->initialize());
  if (services_.cleanup != nullptr) cleanup_before_ = services_.cleanup->summary();
  M3U_CHECK(load_and_filter());
  M3U_CHECK(number_and_write());
  M3U_CHECK(write_guide());
  M3U_CHECK(publish());
  fill_stats(Clock::now() - begin_ - fsync_time_);
  if (services_.cleanup != nullptr) services_.cleanup->log_summary();
  return std::move(stats_);
}

void Generation::watch(Stage stage) {
  // The first level above Optimal already keeps what waits between the passes compressed.
  rows_unchecked_ += context_.batch_rows;
  if (rows_unchecked_ < services_.memory_check_interval) return;
  rows_unchecked_ = 0;
  if (services_.dynamic_limit != nullptr) services_.dynamic_limit->update();
  const MemoryPressureLevel level = watch_.update(stage);
  context_.slabs->follow(level);
  if (level >= MemoryPressureLevel::kModerate) spool_.move_down(catalog::SpoolKind::kCompressed);
  if (services_.cleanup != nullptr)
    services_.cleanup->tick(to_string(stage),
                            services_.cleanup_strategy.value_or(strategy_for(level)));
}

Result<> Generation::load_and_filter() {
  SourceLoadingStrategy parse;
  DataMappingStrategy map(config_.channel_rules.get(), reader_.infos());
  FilteringStrategy filter(config_.channel_filters.get(), reader_.infos());
  LogoCachingStrategy logos(config_.base_url, config_.channel_rules != nullptr &&
                                                  config_.channel_rules->uses_logo_helper());
  const auto input = [&](StageItem& item) -> Result<bool> {
    item.batch.clear();
    item.problems.clear();
    item.rule_counts = {};
    item.filter_counts = {};
    watch(Stage::kSourceLoading);
    progress_.report(Stage::kSourceLoading, done_, reader_.consumed(), reader_.size());
    return reader_.next(item);
  };
  const auto count_out = [](StageItem& item, Stage stage) {
    item.items_out[static_cast<std::size_t>(stage)] = item.batch.rows();
  };
  const auto step = [&](Stage stage, StageStrategy& strategy) {
    return PassStep{.stage = stage,
                    .parallel = strategy.parallel(),
                    .run = [&strategy, stage, count_out](StageItem& item) -> Result<> {
                      M3U_CHECK(strategy.process(item));
                      count_out(item, stage);
                      return {};
                    }};
  };
  const auto pack = [&](StageItem& item) -> Result<> {
    item.packed = spool_.pack(item.frame.build(item.batch), item.packed_bytes);
    return {};
  };
  const auto keep = [&](StageItem& item) { return keep_batch(item); };
  Pass pass(context_, clock_);
  M3U_CHECK(pass.run(Stage::kSourceLoading, input,
                     {step(Stage::kSourceLoading, parse),
                      step(Stage::kSourceLoading, duplicates_),
                      step(Stage::kDataMapping, map),
                      step(Stage::kFiltering, filter),
                      step(Stage::kLogoCaching, logos),
                      {.stage = Stage::kFiltering, .parallel = true, .run = pack},
                      {.stage = Stage::kFiltering, .parallel = false, .run = keep}}));
  if (const auto error = reader_.total_failure()) return fail(*error);
  if (loaded_ == 0)
    return fail(ErrorCode::kParse, "the sources have no channels at all; the last list stays",
                "the subscription may have ended");

  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  finish_stage(Stage::kSourceLoading, loaded_, loaded_, duplicates_, "total channels");
  finish_stage(Stage::kDataMapping, loaded_, mapped_, no_leavings, "channels processed");
  finish_stage(Stage::kFiltering, mapped_, kept_, no_leavings, "channels kept");
  finish_stage(Stage::kLogoCaching, kept_, kept_, no_leavings, "channels processed");
  return {};
}

/// The last step of the first pass: in order, one batch at a time.
Result<> Generation::keep_batch(StageItem& item) {
  loaded_ += item.items_out[static_cast<std::size_t>(Stage::kSourceLoading)];
  mapped_ += item.items_out[static_cast<std::size_t>(Stage::kDataMapping)];
  kept_ += item.batch.rows();
  done_ = kept_;
  rule_counts_.merge(item.rule_counts);
  filter_counts_.merge(item.filter_counts);
  stats_.problems.merge(item.problems, reader_.infos()[item.source->index].name);
  if (item.batch.rows() == 0) return {};
  M3U_CHECK(numbering_.ask(item));
  return spool_.append(item.packed);
}

Result<> Generation::number_and_write() {
  done_ = 0;
  M3U_TRY(previous_, PublishedList::read(outputs_.playlist, context_));
  M3U_TRY(playlist_, io::AtomicFile::create(outputs_.playlist));
  formats::OutputText header;
  formats::write_m3u_header(guide_url(), header);
  M3U_CHECK(playlist_->write(header));

  M3uGenerationStrategy write(config_, previous_.comparable());
  std::size_t next_frame = 0;
  const auto input = [&](StageItem& item) -> Result<bool> {
    if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    if (next_frame == spool_.frames()) return false;
    watch(Stage::kM3uGeneration);
    progress_.report(Stage::kM3uGeneration, done_, next_frame, spool_.frames());
    item.frame_index = next_frame++;
    item.problems.clear();
    return true;
  };
  const auto load = [&](StageItem& item) -> Result<> {
    M3U_TRY(const auto frame, spool_.read(item.frame_index, item.packed_bytes));
    catalog::load_frame(frame, item.batch);
    prepare_tvg_ids(config_, item.batch);
    return {};
  };
  Pass pass(context_, clock_);
  M3U_CHECK(
      pass.run(Stage::kM3uGeneration, input,
               {{.stage = Stage::kM3uGeneration, .parallel = true, .run = load},
                {.stage = Stage::kChannelNumbering,
                 .parallel = false,
                 .run = [&](StageItem& item) { return numbering_.process(item); }},
                {.stage = Stage::kEpgGeneration,
                 .parallel = false,
                 .run = [&](StageItem& item) { return hand_to_guide(item); }},
                {.stage = Stage::kM3uGeneration,
                 .parallel = true,
                 .run = [&](StageItem& item) { return write.process(item); }},
                {.stage = Stage::kM3uGeneration, .parallel = false, .run = [&](StageItem& item) {
                   return write_batch(item);
                 }}}));
  spool_.clear();
  M3U_CHECK(check_shrink());

  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  finish_stage(Stage::kChannelNumbering, kept_, kept_, numbering_, "channels numbered");
  stats_.has_previous = previous_.comparable();
  stats_.added = previous_.added();
  stats_.removed = previous_.removed();
  previous_ = {};
  finish_stage(Stage::kM3uGeneration, kept_, stats_.channels, no_leavings, "channels written");
  return {};
}

Result<> Generation::hand_to_guide(StageItem& item) {
  if (config_.epg_sources.empty() && !config_.use_playlist_guides) return {};
  using catalog::ChannelField;
  const auto& batch = item.batch;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view id = batch.text(ChannelField::kTvgId, row);
    if (id.empty()) continue;
    M3U_CHECK(guide_.add_channel({.tvg_id = id,
                                  .tvg_name = batch.text(ChannelField::kTvgName, row),
                                  .channel_name = batch.text(ChannelField::kChannelName, row),
                                  .tvg_logo = batch.text(ChannelField::kTvgLogo, row),
                                  .number = batch.text(ChannelField::kTvgChno, row),
                                  .tvg_shift = batch.text(ChannelField::kTvgShift, row)}));
  }
  return {};
}

Result<> Generation::write_batch(StageItem& item) {
  stats_.channels += item.items_out[static_cast<std::size_t>(Stage::kM3uGeneration)];
  stats_.problems.merge(item.problems, config_.name);
  done_ = stats_.channels;
  previous_.compare(item.url_keys);
  return playlist_->write(item.text);
}

Result<> Generation::check_shrink() const {
  if (!config_.max_shrink || !previous_.known()) return {};
  const auto least = static_cast<double>(previous_.previous()) * (1.0 - *config_.max_shrink);
  if (static_cast<double>(stats_.channels) >= least) return {};
  return fail(ErrorCode::kParse,
              fmt::format("the list would shrink from {} to {} channels, more than max_shrink "
                          "({:.0f}%) allows; the last one stays",
                          previous_.previous(), stats_.channels, *config_.max_shrink * 100),
              "check the sources; delete the old list or raise max_shrink if this is right");
}

std::string Generation::guide_url() {
  if (config_.base_url.empty() || guide_sources().empty()) return {};
  return config_.base_url + "/" + outputs_.guide.filename().string();
}

std::vector<GuideSource> Generation::guide_sources() {
  std::vector<GuideSource> sources = config_.epg_sources;
  if (!config_.use_playlist_guides || !config_.playlist_guide) return sources;
  for (const SourceStats& source : reader_.stats())
    for (const std::string& url : source.guide_urls)
      // Who writes a playlist must not choose which local files are published.
      if (starts_with_ascii_case(url, "http://") || starts_with_ascii_case(url, "https://"))
        sources.push_back(config_.playlist_guide(url));
  return sources;
}

Result<> Generation::write_guide() {
  const std::vector<GuideSource> sources = guide_sources();
  if (sources.empty()) return {};
  const auto begin = Clock::now();
  M3U_TRY(guide_file_, io::AtomicFile::create(outputs_.guide));
  M3U_TRY(const auto temp, io::TempFolder::create(outputs_.spill_folder));
  M3U_TRY(guide_result_, guide_.generate(sources, *guide_file_, *temp));
  clock_.add_wall(Stage::kEpgGeneration, Clock::now() - begin);
  watch(Stage::kEpgGeneration);
  if (guide_result_.failed) guide_file_.reset();  // the old guide stays
  stats_.programmes = guide_result_.programmes;
  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  std::uint64_t seen = 0;
  for (const GuideSourceResult& source : guide_result_.sources) seen += source.items;
  finish_stage(Stage::kEpgGeneration, seen, guide_result_.programmes, no_leavings,
               "programmes written");
  return {};
}

/// A compressed copy that no run renews would be served instead of the list it once was.
void remove_stale_copy(const std::filesystem::path& published) {
  switch (io::remove_stale_gzip(published)) {
    case io::StaleCopy::kNone:
      break;
    case io::StaleCopy::kRemoved:
      log::info("pipeline", "{}.gz was of an earlier run and would not be renewed: removed",
                published.string());
      break;
    case io::StaleCopy::kForeign:
      log::warn("pipeline", "{}.gz is not renewed by this run; delete it, or set compress",
                published.string());
      break;
  }
}

Result<> Generation::publish() {
  if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
  std::vector<std::unique_ptr<io::AtomicFile>> files;
  if (guide_file_) files.push_back(std::move(guide_file_));
  files.push_back(std::move(playlist_));
  stats_.guide_written = files.size() == 2;
  if (config_.compress) {
    const std::size_t count = files.size();
    for (std::size_t i = 0; i < count; ++i) {
      M3U_TRY(auto compressed, io::write_gzip(*files[2 * i], *context_.slabs, context_.cancel));
      files.insert(files.begin() + static_cast<std::ptrdiff_t>(2 * i), std::move(compressed));
    }
  }
  for (const auto& file : files) {
    M3U_TRY(const auto time, file->sync());
    fsync_time_ += time;
  }
  if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
  // The guide before the playlist: a player that sees the new list finds its guide.
  for (const auto& file : files) {
    M3U_CHECK(file->publish());
    if (!config_.compress) remove_stale_copy(file->target());
  }
  return {};
}

void Generation::finish_stage(Stage stage, std::uint64_t items_in, std::uint64_t items_out,
                              memory::MemoryCleanable& leavings, std::string_view done_what) {
  const std::string_view name = to_string(stage);
  StageStats stats{.name = std::string(name), .items_in = items_in, .items_out = items_out};
  stats.execution_time_ms = milliseconds(clock_.wall(stage));
  if (stage == Stage::kFiltering || stage == Stage::kChannelNumbering)
    stats.strategy = catalog::to_string(spool_.kind());
  if (services_.monitor != nullptr) {
    // Stages of one pass share its peak; the first observation after it is the one that saw it.
    if (const auto snapshot = services_.monitor->observe_stage(name)) {
      pass_peak_mb_ = std::max(pass_peak_mb_, snapshot->peak_mb);
      stats_.stage_memory_usage[std::string(name)] =
          static_cast<std::uint64_t>(snapshot->rss_mb * 1048576.0);
    }
  }
  stats.peak_memory_mb = pass_peak_mb_;
  std::string lower(name);
  for (char& c : lower) c = ascii_lower(c);
  log::info("pipeline", "Simple {} completed: {} {} in {:.0f}ms (Peak Memory: {:.1f}MB)", lower,
            items_out, done_what, stats.execution_time_ms, stats.peak_memory_mb);
  stats_.stages.push_back(std::move(stats));
  if (services_.cleanup == nullptr || !services_.cleanup_between_stages) return;
  const auto strategy = services_.cleanup_strategy.value_or(strategy_for(watch_.level()));
  const auto cleaned = services_.cleanup->cleanup_between_stages(name, leavings, strategy);
  if (!cleaned) log::warn("memory.cleanup", "{}", to_string(cleaned.error()));
}

void Generation::add_expression_stats(const std::vector<std::string>& names,
                                      const rules::Counts& counts, std::string_view applies_to,
                                      std::vector<ExpressionStats>& into) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    ExpressionStats stats{.name = names[i], .applies_to = std::string(applies_to)};
    if (i < counts.counters.size()) {
      const rules::Counter& counter = counts.counters[i];
      stats.evaluated = counter.evaluated;
      stats.matched = counter.matched;
      stats.changed = counter.changed;
      if (counter.value_too_long != 0)
        stats_.problems.count("rule_value_too_long", counter.value_too_long);
      if (counter.kept_required != 0)
        stats_.problems.count("rule_would_clear_required", counter.kept_required);
    }
    into.push_back(std::move(stats));
  }
}

void Generation::fill_stats(std::chrono::nanoseconds duration) {
  stats_.duration_ms = milliseconds(duration);
  stats_.fsync_ms = milliseconds(fsync_time_);
  for (StageStats& stage : stats_.stages)
    stage.total_time_pc =
        stats_.duration_ms > 0 ? stage.execution_time_ms / stats_.duration_ms * 100 : 0;
  stats_.sources = config_.sources.size();
  if (stats_.duration_ms > 0)
    stats_.channels_per_second = static_cast<double>(kept_) / stats_.duration_ms * 1000;

  const auto add = [&](const auto& set, const rules::Counts& counts, std::string_view applies_to,
                       std::vector<ExpressionStats>& into) {
    if (set) add_expression_stats(set->names(), counts, applies_to, into);
  };
  add(config_.channel_filters, filter_counts_, "channels", stats_.filters_detail);
  add(config_.programme_filters, guide_result_.filter_counts, "programmes", stats_.filters_detail);
  add(config_.channel_rules, rule_counts_, "channels", stats_.rules);
  add(config_.programme_rules, guide_result_.rule_counts, "programmes", stats_.rules);
  stats_.filters = stats_.filters_detail.size();

  stats_.sources_detail = reader_.stats();
  for (SourceStats& source : stats_.sources_detail) {
    stats_.degraded |= !source.error.empty() || source.from_cache;
    for (std::string& url : source.guide_urls) url = redact_url(url);
  }
  add_guide_stats();
  ProblemLog problems = std::move(duplicates_.problems());
  problems.merge(reader_.remaining_problems(), "");
  problems.merge(stats_.problems, "");
  problems.merge(guide_result_.problems, "");
  stats_.problems = std::move(problems);
  log_problems();
  stats_.playlist_path = outputs_.playlist.string();
  if (stats_.guide_written) stats_.guide_path = outputs_.guide.string();
  fill_memory_stats();
}

/// One line by reason, and where the first one is; the report has more.
void Generation::log_problems() const {
  if (stats_.problems.total() == 0) return;
  std::string counts;
  for (const auto& [reason, count] : stats_.problems.by_reason())
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, reason);
  std::string first;
  if (!stats_.problems.samples().empty()) {
    const ProblemSample& sample = stats_.problems.samples().front();
    const Error place{
        .message = fmt::format("{} \"{}\"", sample.reason, sample.detail),
        .where = {.source = sample.source, .line = sample.line, .column = 0, .byte = sample.byte}};
    first = "; the first: " + to_string(place);
  }
  log::info("pipeline", "Problems: {}{}", counts, first);
}

void Generation::add_guide_stats() {
  for (const GuideSourceResult& source : guide_result_.sources) {
    stats_.sources_detail.push_back({.name = source.name,
                                     .kind = "guide",
                                     .items = source.items,
                                     .bytes = source.bytes,
                                     .partial = source.partial,
                                     .error = source.error});
    stats_.degraded |= source.partial || source.failed;
    if (source.failed || source.partial)
      log::warn("pipeline.guide", "{}: {}{}", source.name, source.error,
                source.failed ? "" : "; what came before it is used");
  }
  if (guide_result_.failed)
    log::warn("pipeline.guide", "no EPG source could be used: the last guide stays");
  stats_.guide = {.matched = guide_result_.matched,
                  .of = guide_result_.of,
                  .more_with_casefold = guide_result_.more_with_casefold,
                  .more_with_name = guide_result_.more_with_name,
                  .unmatched_sample = guide_result_.unmatched_sample};
}

void Generation::fill_memory_stats() {
  for (const StageStats& stage : stats_.stages)
    stats_.peak_memory_usage_mb = std::max(stats_.peak_memory_usage_mb, stage.peak_memory_mb);
  if (stats_.peak_memory_usage_mb > 0)
    stats_.memory_efficiency = static_cast<double>(kept_) / stats_.peak_memory_usage_mb;
  if (services_.cleanup != nullptr) {
    const memory::CleanupSummary& after = services_.cleanup->summary();
    stats_.memory_cleanup_operations = after.operations - cleanup_before_.operations;
    stats_.memory_freed_mb = after.freed_mb - cleanup_before_.freed_mb;
    stats_.items_cleaned = after.items_cleaned - cleanup_before_.items_cleaned;
    stats_.cleanup_ms = milliseconds(after.duration - cleanup_before_.duration);
  }
  stats_.pressure_events = watch_.events();
  const memory::Budget& budget = *context_.budget;
  if (budget.limit() != memory::Budget::kUnlimited)
    stats_.budget.limit_mb = (budget.limit() + services_.fixed_overhead).mb();
  stats_.budget.peak_reserved_mb = budget.peak().mb();
  stats_.budget.unaccounted_peak_mb = watch_.unaccounted_peak().mb();
  for (std::size_t i = 0; i < memory::kTagCount; ++i) {
    const auto tag = static_cast<memory::Tag>(i);
    if (budget.peak(tag) > Bytes{})
      stats_.budget.by_tag[std::string(memory::to_string(tag))] = budget.peak(tag).mb();
  }
}

}  // namespace

Result<GenerationStats> generate(const ResolvedProxyConfig& config, const OutputPaths& outputs,
                                 const RunContext& context, const GenerationServices& services) {
  return memory::guarded([&] { return Generation(config, outputs, context, services).run(); });
}

}  // namespace m3u_proxy::pipeline
