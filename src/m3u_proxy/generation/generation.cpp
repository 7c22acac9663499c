#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/generation/generation_run.hpp>
#include <m3u_proxy/io/gzip_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::generation {
namespace {

/// What the ways to keep channels between the passes need, the fastest first.
std::array<pipeline::StrategyOffer, 3> storage_offers(const pipeline::WorkEstimate& work) {
  using enum memory::MemoryPressureLevel;
  constexpr std::uint64_t kPacked = 120;  // bytes a channel
  constexpr std::uint64_t kCompressed = 70;
  return {{{.name = spill::to_string(spill::SpoolKind::kMemory),
            .estimate = {work.items * kPacked},
            .most = kOptimal},
           {.name = spill::to_string(spill::SpoolKind::kCompressed),
            .estimate = {work.items * kCompressed},
            .most = kModerate},
           {.name = spill::to_string(spill::SpoolKind::kSpill), .estimate = mib(1)}}};
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

/// The guide of an earlier run, when there is no EPG source any more: it may be the user's own by
/// now, so it stays.
void warn_of_stale_guide(const std::filesystem::path& guide) {
  std::error_code ignored;
  if (std::filesystem::exists(guide, ignored))
    log::warn("pipeline.guide",
              "{} is not renewed, since there is no EPG source: delete it, or name one with "
              "epg_sources (--epg)",
              guide.string());
}

}  // namespace

Result<GenerationStats> Generation::run() {
  stats_.proxy = config_.name;
  context_.budget->reset_peaks();
  if (services_.watch.monitor != nullptr) M3U_CHECK(services_.watch.monitor->initialize());
  if (services_.watch.cleanup != nullptr) cleanup_before_ = services_.watch.cleanup->summary();
  watch_.begin_at(services_.begin_at);
  M3U_CHECK(begin_plugins());
  M3U_CHECK(load_and_filter());
  M3U_CHECK(number_and_write());
  M3U_CHECK(write_guide());
  if (plugins_) plugins_->finish();
  M3U_CHECK(publish());
  fill_stats(Clock::now() - begin_ - fsync_time_);
  if (services_.watch.cleanup != nullptr) services_.watch.cleanup->log_summary();
  return std::move(stats_);
}

Result<> Generation::load_and_filter() {
  const auto offers = storage_offers(services_.expected);
  const Bytes limit = context_.budget->limit();
  const pipeline::Selection storage =
      pipeline::select_strategy(offers, services_.begin_at, limit / 2);
  log::debug("pipeline.strategy", "channels between the passes: {}", storage.why);
  store_ = channels::make_channel_store(context_, config_.sort, reader_.infos(),
                                        static_cast<spill::SpoolKind>(storage.index));
  watch_.on_move_down([this](spill::SpoolKind kind) {
    store_->move_down(kind);
    if (plugins_) plugins_->move_down(kind);
    if (kind == spill::SpoolKind::kSpill) duplicates_.move_down();
  });
  channels::SourceLoadingStrategy parse;
  channels::DataMappingStrategy map(config_.channel_rules.get(), reader_.infos());
  channels::FilteringStrategy filter(config_.channel_filters.get(), reader_.infos());
  channels::LogoCachingStrategy logos(
      config_.base_url,
      config_.channel_rules != nullptr && config_.channel_rules->uses_logo_helper());
  const auto input = [&](pipeline::StageItem& item) -> Result<bool> {
    begin_item(item);
    reader_.set_batch_rows(watch_.policy().batch_rows);
    progress_.report(pipeline::Stage::kSourceLoading, done_, reader_.consumed(), reader_.size());
    return reader_.next(item);
  };
  StageChain chain;
  M3U_CHECK(add_stage(chain, pipeline::Stage::kSourceLoading, parse));
  M3U_CHECK(add_stage(chain, pipeline::Stage::kSourceLoading, duplicates_));
  M3U_CHECK(add_stage(chain, pipeline::Stage::kDataMapping, map));
  M3U_CHECK(add_stage(chain, pipeline::Stage::kFiltering, filter));
  M3U_CHECK(add_stage(chain, pipeline::Stage::kLogoCaching, logos));
  chain.add(pipeline::Stage::kFiltering, true,
            [&](pipeline::StageItem& item) { return store_->pack(item); });
  chain.add(pipeline::Stage::kFiltering, false,
            [&](pipeline::StageItem& item) { return keep_batch(item); });
  M3U_CHECK(run_chain(pipeline::Stage::kSourceLoading, input, chain));
  if (const auto error = reader_.total_failure()) return fail(*error);
  if (loaded_ == 0)
    return fail(ErrorCode::kParse, "the sources have no channels at all; nothing is published",
                "the subscription may have ended");

  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  finish_stage(pipeline::Stage::kSourceLoading, loaded_, loaded_, duplicates_, "total channels");
  finish_stage(pipeline::Stage::kDataMapping, loaded_, mapped_, no_leavings, "channels processed");
  finish_stage(pipeline::Stage::kFiltering, mapped_, kept_, no_leavings, "channels kept");
  finish_stage(pipeline::Stage::kLogoCaching, kept_, kept_, no_leavings, "channels processed");
  return {};
}

Result<> Generation::begin_plugins() {
  if (!config_.plugins) return {};
  M3U_TRY(plugins_, config_.plugins());
  reader_.set_plugins([this](const std::string& plugin, std::uint16_t source) {
    return plugins_->open_source(plugin, source);
  });
  return plugins_->begin({.context = &context_,
                          .proxy = config_.name,
                          .sources = reader_.infos(),
                          .epg_sources = config_.epg_sources,
                          .with_ids = needs_channel_ids(config_)});
}

/// What each batch begins with, whoever fills it.
void Generation::begin_item(pipeline::StageItem& item) {
  item.chunk = {};
  item.source = nullptr;
  item.batch.clear();
  item.problems.clear();
  item.rule_counts = {};
  item.filter_counts = {};
  item.items_out = {};
  item.text.clear();
  item.url_keys.clear();
  if (plugins_) plugins_->set_pressure(watch_.level());
}

/// Adds what does the work of a stage: its native strategy, and plugins beside it or in its place.
Result<> Generation::add_stage(StageChain& chain, pipeline::Stage stage,
                               pipeline::StageStrategy& native) {
  choose(stage, native);
  std::vector<pipeline::StageStrategy*> strategies = {&native};
  if (plugins_) {
    plugins_->set_pressure(watch_.level());
    M3U_TRY(strategies, plugins_->strategies(stage, native));
  }
  const bool only_native = strategies.size() == 1 && strategies.front() == &native;
  std::string& name = stage_strategies_[static_cast<std::size_t>(stage)];
  for (pipeline::StageStrategy* const strategy : strategies) {
    if (!only_native) name.append(name.empty() ? "" : "+").append(strategy->name());
    const auto run = [strategy, stage](pipeline::StageItem& item) -> Result<> {
      M3U_CHECK(strategy->process(item));
      if (stage < pipeline::Stage::kChannelNumbering)
        item.items_out[static_cast<std::size_t>(stage)] = item.batch.rows();
      return {};
    };
    chain.add(stage, strategy->parallel(), run);
    if (strategy != &native)
      chain.holders.push_back({.strategy = strategy, .step = chain.steps.size() - 1});
  }
  return {};
}

/// Runs a pass, and then what its strategies hold back through the steps behind them.
Result<> Generation::run_chain(pipeline::Stage input_stage, const pipeline::Pass::Input& input,
                               const StageChain& chain) {
  M3U_CHECK(pipeline::Pass(context_, clock_).run(input_stage, input, chain.steps));
  for (const StageChain::Holder& holder : chain.holders) {
    const auto first = chain.steps.begin() + static_cast<std::ptrdiff_t>(holder.step);
    const auto rest = [&](pipeline::StageItem& item) -> Result<bool> {
      if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
      begin_item(item);
      M3U_TRY(const bool more, holder.strategy->flush(item));
      if (first->stage < pipeline::Stage::kChannelNumbering)
        item.items_out[static_cast<std::size_t>(first->stage)] = item.batch.rows();
      return more;
    };
    M3U_CHECK(
        pipeline::Pass(context_, clock_).run(first->stage, rest, {first + 1, chain.steps.end()}));
  }
  return {};
}

/// A stage of our own has one strategy, so there is no choice; the log says how it stands.
void Generation::choose(pipeline::Stage stage, const pipeline::StageStrategy& strategy) const {
  const pipeline::StrategyOffer offer = pipeline::offer_of(strategy, services_.expected);
  const memory::Budget& budget = *context_.budget;
  const pipeline::Selection chosen =
      pipeline::select_strategy({&offer, 1}, watch_.level(), budget.limit() - budget.used());
  log::debug("pipeline.strategy", "'{}': {}", to_string(stage), chosen.why);
}

/// The last step of the first pass: in order, one batch at a time.
Result<> Generation::keep_batch(pipeline::StageItem& item) {
  loaded_ += item.items_out[static_cast<std::size_t>(pipeline::Stage::kSourceLoading)];
  mapped_ += item.items_out[static_cast<std::size_t>(pipeline::Stage::kDataMapping)];
  kept_ += item.batch.rows();
  done_ = kept_;
  rule_counts_.merge(item.rule_counts);
  filter_counts_.merge(item.filter_counts);
  stats_.problems.merge(item.problems, item.source != nullptr
                                           ? reader_.infos()[item.source->index].name
                                           : config_.name);
  if (item.batch.rows() == 0) return {};
  M3U_CHECK(numbering_.ask(item));
  return store_->keep(item);
}

Result<> Generation::number_and_write() {
  done_ = 0;
  M3U_TRY(previous_, PublishedList::read(outputs_.playlist, context_));
  M3U_TRY(playlist_, io::AtomicFile::create(outputs_.playlist));
  formats::OutputText header;
  formats::write_m3u_header(guide_url(), header);
  M3U_CHECK(playlist_->write(header));

  channels::M3uGenerationStrategy write(
      {.writer = writer_options(config_),
       .shifted_ids = config_.guide.tvg_shift == guide::TvgShift::kApply,
       .compare = previous_.comparable()});
  M3U_CHECK(store_->finish());
  const auto input = [&](pipeline::StageItem& item) -> Result<bool> {
    if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    progress_.report(pipeline::Stage::kM3uGeneration, done_, store_->given(), store_->batches());
    begin_item(item);
    return store_->next(item);
  };
  const auto load = [&](pipeline::StageItem& item) -> Result<> {
    M3U_CHECK(store_->load(item));
    channels::prepare_tvg_ids(missing_tvg_id(config_), item.batch);
    return {};
  };
  const auto prepare_again = [&](pipeline::StageItem& item) -> Result<> {
    channels::prepare_tvg_ids(missing_tvg_id(config_), item.batch);
    return {};
  };
  const auto count_again = [&](pipeline::StageItem& item) -> Result<> {
    item.items_out[static_cast<std::size_t>(pipeline::Stage::kM3uGeneration)] =
        channels::count_entries(item.text, previous_.comparable() ? &item.url_keys : nullptr);
    return {};
  };
  StageChain chain;
  chain.add(pipeline::Stage::kM3uGeneration, true, load);
  M3U_CHECK(add_stage(chain, pipeline::Stage::kChannelNumbering, numbering_));
  if (has_plugins(pipeline::Stage::kChannelNumbering))
    chain.add(pipeline::Stage::kM3uGeneration, true, prepare_again);
  chain.add(pipeline::Stage::kEpgGeneration, false,
            [&](pipeline::StageItem& item) { return hand_to_guide(item); });
  M3U_CHECK(add_stage(chain, pipeline::Stage::kM3uGeneration, write));
  if (has_plugins(pipeline::Stage::kM3uGeneration))
    chain.add(pipeline::Stage::kM3uGeneration, true, count_again);
  chain.add(pipeline::Stage::kM3uGeneration, false,
            [&](pipeline::StageItem& item) { return write_batch(item); });
  M3U_CHECK(run_chain(pipeline::Stage::kM3uGeneration, input, chain));
  watch_.on_move_down({});
  store_->clear();
  M3U_CHECK(check_shrink());

  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  finish_stage(pipeline::Stage::kChannelNumbering, kept_, kept_, numbering_, "channels numbered");
  previous_.finish();
  stats_.has_previous = previous_.comparable();
  stats_.added = previous_.added();
  stats_.removed = previous_.removed();
  previous_ = {};
  finish_stage(pipeline::Stage::kM3uGeneration, kept_, stats_.channels, no_leavings,
               "channels written");
  return {};
}

Result<> Generation::hand_to_guide(pipeline::StageItem& item) {
  if (config_.epg_sources.empty() && !config_.use_playlist_guides) return {};
  using catalog::ChannelField;
  const auto& batch = item.batch;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    M3U_CHECK(guide_.add_channel({.tvg_id = batch.text(ChannelField::kTvgId, row),
                                  .tvg_name = batch.text(ChannelField::kTvgName, row),
                                  .channel_name = batch.text(ChannelField::kChannelName, row),
                                  .tvg_logo = batch.text(ChannelField::kTvgLogo, row),
                                  .number = batch.text(ChannelField::kTvgChno, row),
                                  .tvg_shift = batch.text(ChannelField::kTvgShift, row)}));
  }
  return {};
}

Result<> Generation::write_batch(pipeline::StageItem& item) {
  stats_.channels += item.items_out[static_cast<std::size_t>(pipeline::Stage::kM3uGeneration)];
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

std::vector<guide::GuideSource> Generation::guide_sources() {
  std::vector<guide::GuideSource> sources = config_.epg_sources;
  if (!config_.use_playlist_guides || !config_.playlist_guide) return sources;
  for (const channels::SourceStats& source : reader_.stats())
    for (const std::string& url : source.guide_urls)
      // Who writes a playlist must not choose which local files are published.
      if (starts_with_ascii_case(url, "http://") || starts_with_ascii_case(url, "https://"))
        sources.push_back(config_.playlist_guide(url));
  return sources;
}

/// Where programmes wait on disk: in the spill space's account, or, without one or where that is in
/// memory itself, in a folder of their own.
Result<io::TempFolder*> Generation::guide_folder(std::unique_ptr<io::TempFolder>& own) const {
  if (context_.spill != nullptr) {
    auto folder = context_.spill->folder();
    if (folder || folder.error().code != ErrorCode::kInvalidArgument) return folder;
  }
  M3U_TRY(own, io::TempFolder::create(outputs_.spill_folder));
  return own.get();
}

Result<> Generation::write_guide() {
  const std::vector<guide::GuideSource> sources = guide_sources();
  if (sources.empty()) return {};
  const auto begin = Clock::now();
  M3U_TRY(guide_file_, io::AtomicFile::create(outputs_.guide));
  std::unique_ptr<io::TempFolder> own;
  M3U_TRY(io::TempFolder* const temp, guide_folder(own));
  if (plugins_) {
    M3U_TRY(auto strategies, plugins_->programme_strategies());
    std::string& name =
        stage_strategies_[static_cast<std::size_t>(pipeline::Stage::kEpgGeneration)];
    for (const guide::ProgrammeStrategy* strategy : strategies)
      name.append(name.empty() ? "standard+" : "+").append(strategy->name());
    guide_.set_plugins(std::move(strategies), [this](memory::MemoryPressureLevel level) {
      plugins_->set_pressure(level);
    });
    watch_.on_move_down([this](spill::SpoolKind kind) { plugins_->move_down(kind); });
  }
  M3U_TRY(guide_result_, guide_.generate(sources, *guide_file_, *temp));
  watch_.on_move_down({});
  clock_.add_wall(pipeline::Stage::kEpgGeneration, Clock::now() - begin);
  if (guide_result_.failed) guide_file_.reset();  // the old guide stays
  stats_.programmes = guide_result_.programmes;
  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  std::uint64_t seen = 0;
  for (const guide::GuideSourceResult& source : guide_result_.sources) seen += source.items;
  finish_stage(pipeline::Stage::kEpgGeneration, seen, guide_result_.programmes, no_leavings,
               "programmes written");
  return {};
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
  if (outputs_.receive) {
    for (const auto& file : files) M3U_CHECK(outputs_.receive(*file));
    return {};
  }
  for (const auto& file : files) M3U_CHECK(file->sync());
  if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
  // The guide before the playlist: a player that sees the new list finds its guide.
  for (const auto& file : files) {
    M3U_CHECK(file->publish());
    fsync_time_ += file->sync_time();
    if (!config_.compress) remove_stale_copy(file->target());
  }
  if (guide_result_.sources.empty()) warn_of_stale_guide(outputs_.guide);
  return {};
}

Result<GenerationStats> generate(const ResolvedProxyConfig& config, const OutputPaths& outputs,
                                 const pipeline::RunContext& context,
                                 const GenerationServices& services) {
  return memory::guarded([&] { return Generation(config, outputs, context, services).run(); });
}

}  // namespace m3u_proxy::generation
