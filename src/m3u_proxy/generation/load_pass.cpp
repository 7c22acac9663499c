#include <array>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/channels/data_mapping.hpp>
#include <m3u_proxy/channels/filtering.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/generation/channel_chain.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/load_pass.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/pipeline/strategy_selector.hpp>

namespace m3u_proxy::generation {
namespace {

using channels::ChannelItem;
using pipeline::Stage;

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

LoadPass::LoadPass(GenerationScope& scope)
    : scope_(scope),
      reader_(scope.context, scope.config.sources,
              needs_channel_ids(scope.config) || scope.has_lineup()),
      duplicates_(scope.context, reader_),
      numbering_(*scope.context.budget, {.mode = scope.config.numbering,
                                         .first = scope.config.starting_channel_number,
                                         .ranges = scope.config.ranges,
                                         .sources = reader_.infos(),
                                         .with_given = scope.config.edits != nullptr}),
      edits_(scope.config.edits.get()) {}

/// Where the kept channels wait: as memory and its pressure allow, and further down when asked.
void LoadPass::open_store() {
  const auto offers = storage_offers(scope_.services.expected);
  const Bytes limit = scope_.context.budget->limit();
  const pipeline::Selection storage =
      pipeline::select_strategy(offers, scope_.services.begin_at, limit / 2);
  log::debug("pipeline.strategy", "channels between the passes: {}", storage.why);
  const auto& edits = scope_.config.edits;
  store_ = channels::make_channel_store(
      scope_.context,
      {.sort = scope_.config.sort,
       .placements = edits ? edits->placements() : std::span<const edits::Placement>()},
      reader_.infos(), static_cast<memory::StorageLevel>(storage.index));
  scope_.watch.on_move_down([this](memory::StorageLevel kind) {
    store_->move_down(kind);
    scope_.strategies.move_down(kind);
    if (kind == memory::StorageLevel::kSpill) duplicates_.move_down();
  });
}

Result<> LoadPass::run(StageObserver& observer) {
  if (StagePlugins* const plugins = scope_.strategies.plugins())
    reader_.set_plugins([plugins](const std::string& plugin, std::uint16_t source) {
      return plugins->open_source(plugin, source);
    });
  open_store();
  const ResolvedProxyConfig& config = scope_.config;
  channels::SourceLoadingStrategy parse;
  channels::DataMappingStrategy map(config.channel_rules.get(), reader_.infos(),
                                    scope_.has_lineup());
  channels::FilteringStrategy filter(config.channel_filters.get(), reader_.infos(),
                                     scope_.has_lineup());
  channels::LogoCachingStrategy logos(logo_options(config));
  ChannelChain chain(scope_);
  M3U_CHECK(chain.add_stage(Stage::kSourceLoading, parse));
  M3U_CHECK(chain.add_stage(Stage::kSourceLoading, duplicates_));
  M3U_CHECK(chain.add_stage(Stage::kDataMapping, map));
  chain.add_parallel(Stage::kDataMapping, [&](ChannelItem& item) { return edits_.process(item); });
  M3U_CHECK(chain.add_stage(Stage::kFiltering, filter));
  M3U_CHECK(chain.add_stage(Stage::kLogoCaching, logos));
  chain.add_parallel(Stage::kFiltering, [&](ChannelItem& item) { return store_->pack(item); });
  chain.add_serial(Stage::kFiltering, [&](ChannelItem& item) { return keep_batch(item); });
  ExpressionCaches rule_caches(config.channel_rules.get(), nullptr);
  ExpressionCaches filter_caches(nullptr, config.channel_filters.get());
  {
    const auto rules = rule_caches.use();
    const auto filters = filter_caches.use();
    M3U_CHECK(chain.run(Stage::kSourceLoading, [&](ChannelItem& item) -> Result<bool> {
      reader_.set_batch_rows(scope_.watch.policy().batch_rows);
      scope_.progress.report(Stage::kSourceLoading, done_, reader_.consumed(), reader_.size());
      return reader_.next(item);
    }));
  }
  if (const auto error = reader_.total_failure()) return fail(*error);
  if (loaded_ == 0)
    return fail(ErrorCode::kParse, "the sources have no channels at all; nothing is published",
                "the subscription may have ended");

  memory::CleanableParts no_leavings;
  memory::CleanableParts kept(*store_, filter_caches);
  observer.begin_pass();
  observer.finish({.stage = Stage::kSourceLoading,
                   .items_in = loaded_,
                   .items_out = loaded_,
                   .done_what = "total channels"},
                  duplicates_);
  observer.finish({.stage = Stage::kDataMapping,
                   .items_in = loaded_,
                   .items_out = mapped_,
                   .done_what = "channels processed"},
                  rule_caches);
  observer.finish({.stage = Stage::kFiltering,
                   .items_in = mapped_,
                   .items_out = kept_,
                   .done_what = "channels kept",
                   .strategy = memory::to_string(store_->kind())},
                  kept);
  observer.finish({.stage = Stage::kLogoCaching,
                   .items_in = kept_,
                   .items_out = kept_,
                   .done_what = "channels processed"},
                  no_leavings);
  return {};
}

/// The last step: in order, one batch at a time.
Result<> LoadPass::keep_batch(ChannelItem& item) {
  loaded_ += item.items_out[static_cast<std::size_t>(Stage::kSourceLoading)];
  mapped_ += item.items_out[static_cast<std::size_t>(Stage::kDataMapping)];
  kept_ += item.batch.rows();
  done_ = kept_;
  rule_counts_.merge(item.rule_counts);
  filter_counts_.merge(item.filter_counts);
  problems_.merge(item.problems, item.source != nullptr ? reader_.infos()[item.source->index].name
                                                        : scope_.config.name);
  if (item.batch.rows() == 0) return {};
  M3U_CHECK(numbering_.ask(item));
  return store_->keep(item);
}

ProblemLog LoadPass::take_problems() {
  ProblemLog all = std::move(duplicates_.problems());
  all.merge(reader_.remaining_problems(), "");
  all.merge(problems_, "");
  return all;
}

}  // namespace m3u_proxy::generation
