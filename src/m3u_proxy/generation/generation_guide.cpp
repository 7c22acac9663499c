// Generation: its guide.
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/generation/expression_caches.hpp>
#include <m3u_proxy/generation/generation_run.hpp>
#include <m3u_proxy/io/temp_folder.hpp>

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

std::string Generation::guide_url() {
  if (config_.base_url.empty() || guide_sources().empty()) return {};
  return config_.base_url + "/" + publisher_.guide_name();
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
  M3U_TRY(own, io::TempFolder::create(services_.spill_folder));
  return own.get();
}

/// Whether the guide lost more programmes than it may; the last one stays then.
bool Generation::guide_shrank() {
  const auto before = services_.last_guide_programmes;
  if (!config_.max_shrink || !before || !publisher_.has_last_guide()) return false;
  const auto least = static_cast<double>(*before) * (1.0 - *config_.max_shrink);
  if (static_cast<double>(guide_result_.programmes) >= least) return false;
  warn(
      fmt::format("the guide would shrink from {} to {} programmes, more than max_shrink "
                  "({:.0f}%) allows; the last one stays",
                  *before, guide_result_.programmes, *config_.max_shrink * 100));
  return true;
}

Result<> Generation::write_guide() {
  const std::vector<guide::GuideSource> sources = guide_sources();
  if (sources.empty()) return {};
  const auto begin = Clock::now();
  M3U_TRY(io::AtomicFile* const file, publisher_.sink(OutputFile::kGuide));
  std::unique_ptr<io::TempFolder> own;
  M3U_TRY(io::TempFolder* const temp, guide_folder(own));
  if (plugins_) {
    M3U_TRY(auto strategies, plugins_->programme_strategies());
    std::string& name =
        stage_strategies_[static_cast<std::size_t>(pipeline::Stage::kEpgGeneration)];
    for (const guide::ProgrammeStrategy* strategy : strategies)
      name.append(name.empty() ? "standard+" : "+").append(strategy->name());
    guide_->set_plugins(std::move(strategies), [this](memory::MemoryPressureLevel level) {
      plugins_->set_pressure(level);
    });
    watch_.on_move_down([this](memory::StorageLevel kind) { plugins_->move_down(kind); });
  }
  ExpressionCaches caches(config_.programme_rules.get(), config_.programme_filters.get());
  ExpressionCaches channel_caches(config_.guide_channel_rules.get(), nullptr);
  {
    const auto in_use = caches.use();
    const auto channels_in_use = channel_caches.use();
    M3U_TRY(guide_result_, guide_->generate(sources, *file, *temp));
  }
  watch_.on_move_down({});
  clock_.add_wall(pipeline::Stage::kEpgGeneration, Clock::now() - begin);
  const bool shrank = !guide_result_.failed && guide_shrank();
  stats_.degraded |= shrank;
  stats_.guide_written = !guide_result_.failed && !shrank;
  if (!stats_.guide_written) publisher_.drop(OutputFile::kGuide);  // the old guide stays
  stats_.programmes = guide_result_.programmes;
  pass_peak_mb_ = 0;
  GuideLeavings index(guide_, *context_.budget);
  memory::CleanableParts leavings(index, caches, channel_caches);
  std::uint64_t seen = 0;
  for (const guide::GuideSourceResult& source : guide_result_.sources) seen += source.items;
  finish_stage(pipeline::Stage::kEpgGeneration, seen, guide_result_.programmes, leavings,
               "programmes written");
  return {};
}

}  // namespace m3u_proxy::generation
