#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/guide_pass.hpp>
#include <m3u_proxy/generation/run_history.hpp>
#include <m3u_proxy/generation/stage_options.hpp>

namespace m3u_proxy::generation {
namespace {

/// What making the guide leaves behind: its index and lists, of which nobody asks any more.
class GuideLeavings final : public memory::MemoryCleanable {
 public:
  GuideLeavings(std::optional<guide::GuideGenerator>& guide, const memory::Budget& budget)
      : guide_(guide), budget_(budget) {}

  /// Channels of the index.
  std::size_t basic_cleanup() override {
    const std::size_t channels = guide_ ? guide_->channels() : 0;
    guide_.reset();
    return channels;
  }
  [[nodiscard]] memory::MemoryUsage memory_usage() const override {
    const Bytes held = budget_.used(memory::Tag::kGuide);
    return {.held = held, .unused = held};
  }

 private:
  std::optional<guide::GuideGenerator>& guide_;
  const memory::Budget& budget_;
};

}  // namespace

GuidePass::GuidePass(GenerationScope& scope, const LoadPass& loaded)
    : scope_(scope),
      loaded_(loaded),
      generator_(std::in_place, scope.context, scope.config.guide,
                 scope.config.programme_filters.get(), scope.config.programme_rules.get(),
                 scope.config.guide_channel_rules.get()) {}

std::string GuidePass::url() const {
  if (scope_.config.base_url.empty() || sources().empty()) return {};
  return scope_.config.base_url + "/" + scope_.publisher.guide_name();
}

std::vector<guide::EpgSource> GuidePass::sources() const {
  const ResolvedProxyConfig& config = scope_.config;
  std::vector<guide::EpgSource> sources = config.epg_sources;
  if (!config.use_playlist_guides || !config.playlist_guide) return sources;
  for (const channels::SourceStats& source : loaded_.source_stats())
    for (const std::string& url : source.guide_urls)
      // Who writes a playlist must not choose which local files are published.
      if (is_http_url(url)) sources.push_back(config.playlist_guide(url));
  return sources;
}

Result<> GuidePass::add(const catalog::ChannelBatch& batch) {
  if (scope_.config.epg_sources.empty() && !scope_.config.use_playlist_guides) return {};
  using catalog::ChannelField;
  const formats::LogoAddresses addresses = logo_addresses(scope_.config);
  std::string logo;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    M3U_CHECK(
        generator_->add_channel({.tvg_id = batch.text(ChannelField::kTvgId, row),
                                 .tvg_name = batch.text(ChannelField::kTvgName, row),
                                 .channel_name = batch.text(ChannelField::kChannelName, row),
                                 .tvg_logo = formats::logo_address(batch, row, addresses, logo),
                                 .number = batch.text(ChannelField::kTvgChno, row),
                                 .tvg_shift = batch.text(ChannelField::kTvgShift, row)}));
  }
  return {};
}

/// Where programmes wait on disk: in the spill space's account, or, without one or where that is in
/// memory itself, in a folder of their own.
Result<io::TempFolder*> GuidePass::folder(std::unique_ptr<io::TempFolder>& own) const {
  if (scope_.context.spill != nullptr) {
    auto folder = scope_.context.spill->folder();
    if (folder || folder.error().code != ErrorCode::kInvalidArgument) return folder;
  }
  M3U_TRY(own, io::TempFolder::create(scope_.services.spill_folder));
  return own.get();
}

Result<> GuidePass::add_plugins() {
  StagePlugins* const plugins = scope_.strategies.plugins();
  if (plugins == nullptr) return {};
  M3U_TRY(auto strategies, scope_.strategies.of_programmes());
  generator_->set_plugins(std::move(strategies), [plugins](memory::MemoryPressureLevel level) {
    plugins->set_pressure(level);
  });
  scope_.watch.on_move_down([plugins](memory::StorageLevel kind) { plugins->move_down(kind); });
  return {};
}

Result<> GuidePass::generate(std::span<const guide::EpgSource> sources) {
  const auto begin = std::chrono::steady_clock::now();
  M3U_TRY(io::AtomicFile* const file, scope_.publisher.sink(OutputFile::kGuide));
  std::unique_ptr<io::TempFolder> own;
  M3U_TRY(io::TempFolder* const temp, folder(own));
  M3U_CHECK(add_plugins());
  M3U_TRY(result_, generator_->generate(sources, *file, *temp));
  scope_.watch.on_move_down({});
  scope_.clock.add_wall(pipeline::Stage::kEpgGeneration, std::chrono::steady_clock::now() - begin);
  return {};
}

/// Refuses the guide when it lost more programmes than it may, or all because no source has any.
void GuidePass::check_losses() {
  const auto before = scope_.services.last_guide_programmes;
  if (result_.failed || !before || !scope_.publisher.has_last_guide()) return;
  const ResolvedProxyConfig& config = scope_.config;
  const bool is_empty =
      std::ranges::all_of(result_.sources, [](const auto& source) { return source.items == 0; });
  if (config.max_shrink && loses_too_much(*before, result_.programmes, *config.max_shrink))
    refusal_ = fmt::format(
        "the guide would shrink from {} to {} programmes, more than max_shrink "
        "({:.0f}%) allows; the last one stays",
        *before, result_.programmes, *config.max_shrink * 100);
  else if (*before != 0 && is_empty && !config.allow_empty)
    refusal_ = fmt::format(
        "the EPG sources have no programme at all, and the last guide had {}; the last one stays "
        "(set allow_empty = true if this is right)",
        *before);
  if (!refusal_.empty()) log::warn("pipeline", "{}", refusal_);
}

Result<> GuidePass::run(StageObserver& observer) {
  const std::vector<guide::EpgSource> sources = this->sources();
  if (sources.empty()) return {};
  const ResolvedProxyConfig& config = scope_.config;
  ExpressionCaches caches(config.programme_rules.get(), config.programme_filters.get());
  ExpressionCaches channel_caches(config.guide_channel_rules.get(), nullptr);
  {
    const auto in_use = caches.use();
    const auto channels_in_use = channel_caches.use();
    M3U_CHECK(generate(sources));
  }
  check_losses();
  is_written_ = !result_.failed && refusal_.empty();
  if (!is_written_) scope_.publisher.drop(OutputFile::kGuide);  // the old guide stays
  GuideLeavings index(generator_, *scope_.context.budget);
  memory::CleanableParts leavings(index, caches, channel_caches);
  std::uint64_t seen = 0;
  for (const guide::EpgSourceResult& source : result_.sources) seen += source.items;
  observer.begin_pass();
  observer.finish({.stage = pipeline::Stage::kEpgGeneration,
                   .items_in = seen,
                   .items_out = result_.programmes,
                   .done_what = "programmes written"},
                  leavings);
  return {};
}

bool GuidePass::was_read() const {
  return std::ranges::any_of(result_.sources,
                             [](const guide::EpgSourceResult& source) { return !source.failed; });
}

}  // namespace m3u_proxy::generation
