#include <fmt/format.h>

#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/generation/channel_chain.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/generation/write_pass.hpp>

namespace m3u_proxy::generation {

using channels::ChannelItem;
using pipeline::Stage;

namespace {

LineupBatch lineup_batch(const ChannelItem& item) {
  return {item.batch, item.written, item.touched};
}

}  // namespace

Result<> WritePass::run(StageObserver& observer) {
  M3U_CHECK(begin_playlist());
  M3U_CHECK(begin_lineup());
  M3U_CHECK(pass_channels());
  scope_.watch.on_move_down({});
  loaded_.store().clear();
  M3U_CHECK(check_empty());
  M3U_CHECK(check_shrink());

  memory::CleanableParts no_leavings;
  observer.begin_pass();
  observer.finish({.stage = Stage::kChannelNumbering,
                   .items_in = loaded_.kept(),
                   .items_out = loaded_.kept(),
                   .done_what = "channels numbered",
                   .strategy = memory::to_string(loaded_.store().kind())},
                  loaded_.numbering());
  previous_.finish();
  written_.has_previous = previous_.comparable();
  written_.added = previous_.added();
  written_.removed = previous_.removed();
  previous_ = {};
  observer.finish({.stage = Stage::kM3uGeneration,
                   .items_in = loaded_.kept(),
                   .items_out = written_.channels,
                   .done_what = "channels written"},
                  no_leavings);
  return {};
}

Result<> WritePass::begin_playlist() {
  M3U_TRY(previous_, PublishedList::read(scope_.publisher.last_playlist(), scope_.context));
  M3U_TRY(playlist_, scope_.publisher.sink(OutputFile::kPlaylist));
  formats::OutputText header;
  formats::write_m3u_header(guide_.url(), header);
  return playlist_->write(header);
}

Result<> WritePass::begin_lineup() {
  if (!scope_.has_lineup()) return {};
  const auto names = [](const auto& set) {
    return set ? std::span<const std::string>(set->names()) : std::span<const std::string>();
  };
  return scope_.services.lineup->begin({.proxy = scope_.config.name,
                                        .sources = loaded_.sources(),
                                        .rules = names(scope_.config.channel_rules),
                                        .filters = names(scope_.config.channel_filters)});
}

Result<> WritePass::pass_channels() {
  channels::ChannelStore& store = loaded_.store();
  const channels::MissingTvgId missing = missing_tvg_id(scope_.config);
  channels::M3uGenerationStrategy write(
      {.writer = writer_options(scope_.config),
       .shifted_ids = scope_.config.guide.tvg_shift == guide::TvgShift::kApply,
       .compare = previous_.comparable(),
       .note_written = scope_.has_lineup()});
  M3U_CHECK(store.finish());
  ChannelChain chain(scope_);
  chain.add_parallel(Stage::kM3uGeneration, [&](ChannelItem& item) -> Result<> {
    M3U_CHECK(store.load(item));
    channels::prepare_tvg_ids(missing, item.batch);
    return {};
  });
  M3U_CHECK(chain.add_stage(Stage::kChannelNumbering, loaded_.numbering()));
  if (scope_.config.edits != nullptr)
    chain.add_parallel(Stage::kChannelNumbering, [](ChannelItem& item) -> Result<> {
      channels::take_off_given_numbers(item.batch);
      return {};
    });
  if (scope_.strategies.has_plugins(Stage::kChannelNumbering))
    chain.add_parallel(Stage::kM3uGeneration, [&](ChannelItem& item) -> Result<> {
      channels::prepare_tvg_ids(missing, item.batch);
      return {};
    });
  chain.add_serial(Stage::kEpgGeneration,
                   [&](ChannelItem& item) { return guide_.add(item.batch); });
  if (scope_.has_lineup())
    chain.add_parallel(Stage::kM3uGeneration, [](ChannelItem& item) -> Result<> {
      item.touched.take(item.batch);
      return {};
    });
  M3U_CHECK(chain.add_stage(Stage::kM3uGeneration, write));
  if (scope_.strategies.has_plugins(Stage::kM3uGeneration))
    chain.add_parallel(Stage::kM3uGeneration, [&](ChannelItem& item) -> Result<> {
      item.items_out[static_cast<std::size_t>(Stage::kM3uGeneration)] =
          channels::count_entries(item.text, previous_.comparable() ? &item.url_keys : nullptr);
      return {};
    });
  if (scope_.has_lineup())
    chain.add_parallel(Stage::kM3uGeneration, [&](ChannelItem& item) -> Result<> {
      return scope_.services.lineup->prepare(lineup_batch(item), item.lineup_part);
    });
  chain.add_serial(Stage::kM3uGeneration, [&](ChannelItem& item) { return write_batch(item); });
  return chain.run(Stage::kM3uGeneration, [&](ChannelItem& item) -> Result<bool> {
    if (scope_.context.cancel->cancelled())
      return fail(ErrorCode::kCancelled, "stopped on request");
    scope_.progress.report(Stage::kM3uGeneration, done_, store.given(), store.batches());
    return store.next(item);
  });
}

Result<> WritePass::write_batch(ChannelItem& item) {
  written_.channels += item.items_out[static_cast<std::size_t>(Stage::kM3uGeneration)];
  written_.problems.merge(item.problems, scope_.config.name);
  done_ = written_.channels;
  previous_.compare(item.url_keys);
  if (scope_.has_lineup())
    M3U_CHECK(scope_.services.lineup->add(lineup_batch(item), item.lineup_part.get()));
  return playlist_->write(item.text);
}

/// A list that lost its last channel, to filters or to what cannot be written, is refused.
Result<> WritePass::check_empty() const {
  const ResolvedProxyConfig& config = scope_.config;
  if (written_.channels != 0 || previous_.previous() == 0 || config.allow_empty) return {};
  std::string filters;
  const auto& counters = loaded_.filter_counts().counters;
  for (std::size_t i = 0; config.channel_filters && i < config.channel_filters->names().size();
       ++i) {
    const auto counter = i < counters.size() ? counters[i] : rules::Counter{};
    filters += fmt::format("; filter \"{}\" matched {} of {}", config.channel_filters->names()[i],
                           counter.matched, counter.evaluated);
  }
  return fail(ErrorCode::kParse,
              fmt::format("of {} channels none is left, and the last list had {}{}; the last one "
                          "stays",
                          loaded_.loaded(), previous_.previous(), filters),
              "check the filters; set allow_empty = true if this is right");
}

Result<> WritePass::check_shrink() const {
  const std::optional<double>& most = scope_.config.max_shrink;
  if (!previous_.known() || !most ||
      !loses_too_much(previous_.previous(), written_.channels, *most))
    return {};
  return fail(ErrorCode::kParse,
              fmt::format("the list would shrink from {} to {} channels, more than max_shrink "
                          "({:.0f}%) allows; the last one stays",
                          previous_.previous(), written_.channels, *most * 100),
              "check the sources; delete the old list or raise max_shrink if this is right");
}

}  // namespace m3u_proxy::generation
