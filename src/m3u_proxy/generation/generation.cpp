#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/generation_run.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::generation {
namespace {

/// What the ways to keep channels between the passes need, the fastest first.
std::array<pipeline::StrategyOffer, 3> storage_offers(const pipeline::WorkEstimate& work) {
  using enum memory::MemoryPressureLevel;
  constexpr std::uint64_t kPacked = 120;  // bytes a channel
  constexpr std::uint64_t kCompressed = 70;
  return {{{.name = memory::to_string(memory::StorageLevel::kMemory),
            .estimate = {work.items * kPacked},
            .most = kOptimal},
           {.name = memory::to_string(memory::StorageLevel::kCompressed),
            .estimate = {work.items * kCompressed},
            .most = kModerate},
           {.name = memory::to_string(memory::StorageLevel::kSpill), .estimate = mib(1)}}};
}

}  // namespace

Result<GenerationStats> Generation::run() {
  stats_.proxy = config_.name;
  if (services_.monitor != nullptr) M3U_CHECK(services_.monitor->initialize());
  if (services_.watch.memory != nullptr)
    watermark_.emplace(*services_.watch.memory, services_.monitor);
  if (services_.watch.cleanup != nullptr) cleanup_before_ = services_.watch.cleanup->summary();
  watch_.begin_at(services_.begin_at);
  M3U_CHECK(publisher_.begin());
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
                                        static_cast<memory::StorageLevel>(storage.index));
  watch_.on_move_down([this](memory::StorageLevel kind) {
    store_->move_down(kind);
    if (plugins_) plugins_->move_down(kind);
    if (kind == memory::StorageLevel::kSpill) duplicates_.move_down();
  });
  channels::SourceLoadingStrategy parse;
  channels::DataMappingStrategy map(config_.channel_rules.get(), reader_.infos(), has_lineup());
  channels::FilteringStrategy filter(config_.channel_filters.get(), reader_.infos(), has_lineup());
  channels::LogoCachingStrategy logos(
      config_.base_url,
      config_.channel_rules != nullptr && config_.channel_rules->uses_logo_helper());
  const auto input = [&](channels::ChannelItem& item) -> Result<bool> {
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
            [&](channels::ChannelItem& item) { return store_->pack(item); });
  chain.add(pipeline::Stage::kFiltering, false,
            [&](channels::ChannelItem& item) { return keep_batch(item); });
  ExpressionCaches rule_caches(config_.channel_rules.get(), nullptr);
  ExpressionCaches filter_caches(nullptr, config_.channel_filters.get());
  {
    const auto rules = rule_caches.use();
    const auto filters = filter_caches.use();
    M3U_CHECK(run_chain(pipeline::Stage::kSourceLoading, input, chain));
  }
  if (const auto error = reader_.total_failure()) return fail(*error);
  if (loaded_ == 0)
    return fail(ErrorCode::kParse, "the sources have no channels at all; nothing is published",
                "the subscription may have ended");

  pass_peak_mb_ = 0;
  memory::CleanableParts no_leavings;
  finish_stage(pipeline::Stage::kSourceLoading, loaded_, loaded_, duplicates_, "total channels");
  finish_stage(pipeline::Stage::kDataMapping, loaded_, mapped_, rule_caches, "channels processed");
  memory::CleanableParts kept(*store_, filter_caches);
  finish_stage(pipeline::Stage::kFiltering, mapped_, kept_, kept, "channels kept");
  finish_stage(pipeline::Stage::kLogoCaching, kept_, kept_, no_leavings, "channels processed");
  return {};
}

Result<> Generation::begin_plugins() {
  if (!config_.plugins) return {};
  M3U_TRY(plugins_, config_.plugins());
  if (!plugins_) return {};
  reader_.set_plugins([this](const std::string& plugin, std::uint16_t source) {
    return plugins_->open_source(plugin, source);
  });
  return plugins_->begin({.context = &context_,
                          .proxy = config_.name,
                          .sources = reader_.infos(),
                          .epg_sources = config_.epg_sources,
                          .with_ids = needs_channel_ids(config_) || has_lineup()});
}

/// What each batch begins with, whoever fills it.
void Generation::begin_item(channels::ChannelItem& item) {
  item.chunk = {};
  item.source = nullptr;
  item.batch.clear();
  item.problems.clear();
  item.rule_counts = {};
  item.filter_counts = {};
  item.items_out = {};
  item.text.clear();
  item.url_keys.clear();
  item.written.clear();
  if (plugins_) plugins_->set_pressure(watch_.level());
}

/// Adds what does the work of a stage: its native strategy, and plugins beside it or in its place.
Result<> Generation::add_stage(StageChain& chain, pipeline::Stage stage,
                               channels::ChannelStrategy& native) {
  std::vector<channels::ChannelStrategy*> strategies = {&native};
  if (plugins_) {
    plugins_->set_pressure(watch_.level());
    M3U_TRY(strategies, plugins_->strategies(stage, native));
  }
  const bool only_native = strategies.size() == 1 && strategies.front() == &native;
  std::string& name = stage_strategies_[static_cast<std::size_t>(stage)];
  for (channels::ChannelStrategy* const strategy : strategies) {
    if (!only_native) name.append(name.empty() ? "" : "+").append(strategy->name());
    const auto run = [strategy, stage](channels::ChannelItem& item) -> Result<> {
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
Result<> Generation::run_chain(pipeline::Stage input_stage,
                               const pipeline::Pass<channels::ChannelItem>::Input& input,
                               const StageChain& chain) {
  M3U_CHECK(
      pipeline::Pass<channels::ChannelItem>(context_, clock_).run(input_stage, input, chain.steps));
  for (const StageChain::Holder& holder : chain.holders) {
    const auto first = chain.steps.begin() + static_cast<std::ptrdiff_t>(holder.step);
    const auto rest = [&](channels::ChannelItem& item) -> Result<bool> {
      if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
      begin_item(item);
      M3U_TRY(const bool more, holder.strategy->flush(item));
      if (first->stage < pipeline::Stage::kChannelNumbering)
        item.items_out[static_cast<std::size_t>(first->stage)] = item.batch.rows();
      return more;
    };
    M3U_CHECK(pipeline::Pass<channels::ChannelItem>(context_, clock_)
                  .run(first->stage, rest, {first + 1, chain.steps.end()}));
  }
  return {};
}

/// The last step of the first pass: in order, one batch at a time.
Result<> Generation::keep_batch(channels::ChannelItem& item) {
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
  M3U_TRY(previous_, PublishedList::read(publisher_.last_playlist(), context_));
  M3U_TRY(playlist_, publisher_.sink(OutputFile::kPlaylist));
  formats::OutputText header;
  formats::write_m3u_header(guide_url(), header);
  M3U_CHECK(playlist_->write(header));

  channels::M3uGenerationStrategy write(
      {.writer = writer_options(config_),
       .shifted_ids = config_.guide.tvg_shift == guide::TvgShift::kApply,
       .compare = previous_.comparable(),
       .note_written = has_lineup()});
  M3U_CHECK(begin_lineup());
  M3U_CHECK(store_->finish());
  const auto input = [&](channels::ChannelItem& item) -> Result<bool> {
    if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
    progress_.report(pipeline::Stage::kM3uGeneration, done_, store_->given(), store_->batches());
    begin_item(item);
    return store_->next(item);
  };
  const auto load = [&](channels::ChannelItem& item) -> Result<> {
    M3U_CHECK(store_->load(item));
    channels::prepare_tvg_ids(missing_tvg_id(config_), item.batch);
    return {};
  };
  const auto prepare_again = [&](channels::ChannelItem& item) -> Result<> {
    channels::prepare_tvg_ids(missing_tvg_id(config_), item.batch);
    return {};
  };
  const auto count_again = [&](channels::ChannelItem& item) -> Result<> {
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
            [&](channels::ChannelItem& item) { return hand_to_guide(item); });
  if (has_lineup())
    chain.add(pipeline::Stage::kM3uGeneration, true, [](channels::ChannelItem& item) -> Result<> {
      item.touched.take(item.batch);
      return {};
    });
  M3U_CHECK(add_stage(chain, pipeline::Stage::kM3uGeneration, write));
  if (has_plugins(pipeline::Stage::kM3uGeneration))
    chain.add(pipeline::Stage::kM3uGeneration, true, count_again);
  chain.add(pipeline::Stage::kM3uGeneration, false,
            [&](channels::ChannelItem& item) { return write_batch(item); });
  M3U_CHECK(run_chain(pipeline::Stage::kM3uGeneration, input, chain));
  watch_.on_move_down({});
  store_->clear();
  M3U_CHECK(check_empty());
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

Result<> Generation::hand_to_guide(channels::ChannelItem& item) {
  if (config_.epg_sources.empty() && !config_.use_playlist_guides) return {};
  using catalog::ChannelField;
  const auto& batch = item.batch;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    M3U_CHECK(guide_->add_channel({.tvg_id = batch.text(ChannelField::kTvgId, row),
                                   .tvg_name = batch.text(ChannelField::kTvgName, row),
                                   .channel_name = batch.text(ChannelField::kChannelName, row),
                                   .tvg_logo = batch.text(ChannelField::kTvgLogo, row),
                                   .number = batch.text(ChannelField::kTvgChno, row),
                                   .tvg_shift = batch.text(ChannelField::kTvgShift, row)}));
  }
  return {};
}

Result<> Generation::write_batch(channels::ChannelItem& item) {
  stats_.channels += item.items_out[static_cast<std::size_t>(pipeline::Stage::kM3uGeneration)];
  stats_.problems.merge(item.problems, config_.name);
  done_ = stats_.channels;
  previous_.compare(item.url_keys);
  if (has_lineup())
    M3U_CHECK(services_.lineup->add(LineupBatch(item.batch, item.written, item.touched)));
  return playlist_->write(item.text);
}

Result<> Generation::begin_lineup() {
  if (!has_lineup()) return {};
  const auto names = [](const auto& set) {
    return set ? std::span<const std::string>(set->names()) : std::span<const std::string>();
  };
  return services_.lineup->begin({.proxy = config_.name,
                                  .sources = reader_.infos(),
                                  .rules = names(config_.channel_rules),
                                  .filters = names(config_.channel_filters)});
}

/// A list that lost its last channel, to filters or to what cannot be written, is refused.
Result<> Generation::check_empty() const {
  if (stats_.channels != 0 || previous_.previous() == 0 || config_.allow_empty) return {};
  std::string filters;
  for (std::size_t i = 0; config_.channel_filters && i < config_.channel_filters->names().size();
       ++i) {
    const auto counter =
        i < filter_counts_.counters.size() ? filter_counts_.counters[i] : rules::Counter{};
    filters += fmt::format("; filter \"{}\" matched {} of {}", config_.channel_filters->names()[i],
                           counter.matched, counter.evaluated);
  }
  return fail(ErrorCode::kParse,
              fmt::format("of {} channels none is left, and the last list had {}{}; the last one "
                          "stays",
                          loaded_, previous_.previous(), filters),
              "check the filters; set allow_empty = true if this is right");
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

Result<> Generation::publish() {
  if (context_.cancel->cancelled()) return fail(ErrorCode::kCancelled, "stopped on request");
  M3U_TRY(fsync_time_, publisher_.commit({.compress = config_.compress,
                                          .has_guide_sources = !guide_result_.sources.empty(),
                                          .slabs = context_.slabs,
                                          .cancel = context_.cancel}));
  return {};
}

Result<GenerationStats> generate(const ResolvedProxyConfig& config, Publisher& publisher,
                                 const pipeline::RunContext& context,
                                 const GenerationServices& services) {
  return memory::guarded([&] { return Generation(config, publisher, context, services).run(); });
}

}  // namespace m3u_proxy::generation
