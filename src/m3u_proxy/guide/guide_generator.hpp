// GuideGenerator: makes one guide for a playlist out of its EPG sources, as a stream.
//
// The playlist's channels are added first, in output order. generate() then reads each source
// once (twice where matching is not by id): read and split, in order → select, check and rewrite,
// on all threads → programmes, in order, to where GuideText keeps them. At last the head, the
// channels and the programmes are in the output. The bytes depend on nothing but the input.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/guide_head.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/matching/match_report.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>
#include <m3u_proxy/guide/programmes/guide_text.hpp>
#include <m3u_proxy/guide/programmes/programme_output.hpp>
#include <m3u_proxy/guide/programmes/programme_plugins.hpp>
#include <m3u_proxy/guide/source_context.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/pipeline/progress.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe: one thread adds, then generates, once.
class GuideGenerator {
 public:
  /// `filters` and `rules` are for programmes, `channel_rules` for the guides' channels before they
  /// are matched; each may be null. They and the context live longer.
  GuideGenerator(const pipeline::RunContext& context, const GuideOptions& options,
                 const rules::FilterSet* filters = nullptr, const rules::RuleSet* rules = nullptr,
                 const rules::RuleSet* channel_rules = nullptr);
  GuideGenerator(const GuideGenerator&) = delete;
  GuideGenerator& operator=(const GuideGenerator&) = delete;

  /// Adds a channel of the playlist; one without a guide id counts only for what matching by name
  /// would give. Errors: kOverBudget, kDiskFull, kIo.
  Result<> add_channel(const GuideChannel& channel);

  /// What works on the programmes before they are written; before generate(). They live longer.
  /// `tell_pressure` is called before they work.
  void set_plugins(std::vector<ProgrammeStrategy*> plugins,
                   std::function<void(memory::MemoryPressureLevel)> tell_pressure) {
    plugins_.set(std::move(plugins), std::move(tell_pressure));
  }

  /// Guide channels of the playlist so far, and after generate().
  [[nodiscard]] std::size_t channels() const { return index_.outputs(); }

  /// Makes the guide. A source that cannot be used is reported in the result; when that is true
  /// of all of them, nothing is written and the result says `failed`.
  /// Errors: kOverBudget, kCancelled, kIo and kDiskFull (writing), kInvalidArgument (more than
  /// GuideIndex::kMaxSources sources).
  Result<GuideResult> generate(std::span<const EpgSource> sources, io::AtomicFile& out,
                               io::TempFolder& temp);

 private:
  Result<GuideResult> generate_all(std::span<const EpgSource> sources, io::AtomicFile& out,
                                   io::TempFolder& temp);
  [[nodiscard]] SourceContext context_of(const EpgSource& source, std::uint16_t number);
  Result<> run_source(const SourceContext& source, EpgSourceResult& result);
  Result<> collect_offers(const SourceContext& source);
  Result<> consume(GuideItem& item, const SourceContext& source, EpgSourceResult& result);
  void count(WindowInput& input, const WindowResults& results, const std::string& name,
             EpgSourceResult& result);
  Result<> consume_channels(const GuideItem& item, const SourceContext& source);
  void count_undeclared(const SourceContext& source);
  Result<> finish(io::AtomicFile& out);

  const pipeline::RunContext* context_;
  GuideOptions options_;
  const rules::FilterSet* filters_;
  const rules::RuleSet* rules_;
  const rules::RuleSet* channel_rules_;
  GuideIndex index_;
  PlaylistChannels channels_;
  GuideHead head_;
  MatchReport matches_;
  GuideResult result_;
  ProgrammeOutput output_;
  ProgrammePlugins plugins_;
  std::optional<GuideText> text_;  // while it generates
  pipeline::Progress progress_;
};

}  // namespace m3u_proxy::guide
