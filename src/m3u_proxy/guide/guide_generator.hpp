// GuideGenerator: makes one guide for a playlist out of its EPG sources, as a stream.
//
// The playlist's channels are added first, in output order. generate() then reads each source
// once (twice where matching is not by id): read and split, in order → select, check and rewrite,
// on all threads → programmes, in order, to where GuideText keeps them. At last the head, the
// channels and the programmes are in the output. The bytes depend on nothing but the input.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>
#include <m3u_proxy/guide/programmes/guide_duplicates.hpp>
#include <m3u_proxy/guide/programmes/guide_text.hpp>
#include <m3u_proxy/guide/programmes/programme_strategy.hpp>
#include <m3u_proxy/guide/source_channels.hpp>
#include <m3u_proxy/guide/source_context.hpp>
#include <m3u_proxy/guide/windows/guide_item.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe: one thread adds, then generates, once.
class GuideGenerator {
 public:
  /// `filters` and `rules` are for programmes, `channel_rules` for the guides' channels before they
  /// are matched; each may be null. They and the context live longer.
  GuideGenerator(const pipeline::RunContext& context, const GuideOptions& options,
                 const rules::FilterSet* filters = nullptr, const rules::RuleSet* rules = nullptr,
                 const rules::RuleSet* channel_rules = nullptr);

  /// Adds a channel of the playlist; one without a guide id counts only for what matching by name
  /// would give. Errors: kOverBudget, kDiskFull, kIo.
  Result<> add_channel(const GuideChannel& channel);

  /// What works on the programmes before they are written; before generate(). They live longer.
  /// `tell_pressure` is called before they item.
  void set_plugins(std::vector<ProgrammeStrategy*> plugins,
                   std::function<void(memory::MemoryPressureLevel)> tell_pressure) {
    plugins_ = std::move(plugins);
    tell_pressure_ = std::move(tell_pressure);
  }

  /// Guide channels of the playlist so far, and after generate().
  [[nodiscard]] std::size_t channels() const { return index_.outputs(); }

  /// Makes the guide. A source that cannot be used is reported in the result; when that is true
  /// of all of them, nothing is written and the result says `failed`.
  /// Errors: kOverBudget, kCancelled, kIo and kDiskFull (writing), kInvalidArgument (more than
  /// GuideIndex::kMaxSources sources).
  Result<GuideResult> generate(std::span<const GuideSource> sources, io::AtomicFile& out,
                               io::TempFolder& temp);

 private:
  Result<GuideResult> generate_all(std::span<const GuideSource> sources, io::AtomicFile& out,
                                   io::TempFolder& temp);
  Result<> run_source(const GuideSource& source, std::uint16_t number, GuideSourceResult& result);
  Result<> collect_offers(const SourceContext& task);
  Result<> consume(GuideItem& item, const SourceContext& task, GuideSourceResult& result);
  Result<> consume_channels(GuideItem& item, const SourceContext& task);
  Result<> consume_programmes(GuideItem& item);
  Result<> run_plugins(GuideItem& item, const SourceContext& task);
  Result<> flush_plugins();
  Result<> through_plugins(std::size_t first);
  Result<> take_rows();
  std::optional<WrittenProgramme> place(const ProgrammeRows::Row& row);
  void count_undeclared(std::uint16_t number, const std::string& source);
  static std::string why_useless(const GuideSourceResult& source);
  void report_progress(std::uint64_t done, std::optional<std::uint64_t> total);
  void take_date(const std::string& date);
  Result<> finish(io::AtomicFile& out);
  Result<> write_head(io::AtomicFile& out);
  void append_channel(std::pmr::string& text, const ListedChannel& listed, std::string_view source);
  Result<> note_channels();
  Result<> note_channel(const ListedChannel& listed);
  [[nodiscard]] SourceContext context_of(const GuideSource& source, std::uint16_t number);

  const pipeline::RunContext* context_;
  GuideOptions options_;
  const rules::FilterSet* filters_;
  const rules::RuleSet* rules_;
  const rules::RuleSet* channel_rules_;
  memory::BudgetResource memory_;
  GuideIndex index_;
  PlaylistChannels channels_;
  SourceChannels source_channels_;
  GuideDuplicates duplicates_;
  spill::KeySet noted_ids_;    // ids of the guides' channels, without case
  spill::KeySet noted_names_;  // their names
  std::vector<ProgrammeStrategy*> plugins_;
  std::function<void(memory::MemoryPressureLevel)> tell_pressure_;
  ProgrammeRows rows_;  // on their way through them
  std::unique_ptr<GuideText> text_;
  std::string date_;
  std::int64_t date_epoch_ = 0;
  // What the head was written with:
  std::string head_date_;
  std::uint64_t head_listed_ = 0;
  std::uint64_t head_channels_ = 0;
  std::pmr::string channel_text_;
  std::string folded_;
  GuideResult result_;
  std::chrono::steady_clock::time_point last_progress_ = std::chrono::steady_clock::now();
};

}  // namespace m3u_proxy::guide
