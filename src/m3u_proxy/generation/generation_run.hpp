// Generation: one run for one proxy: its passes (generation.cpp, generation_guide.cpp) and what is
// told of it (generation_stats.cpp). Private to this folder; from outside: generate() in
// generation.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <m3u_proxy/channels/channel_numbering.hpp>
#include <m3u_proxy/channels/channel_store.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/channels/source_loading.hpp>
#include <m3u_proxy/generation/generation.hpp>
#include <m3u_proxy/generation/published_list.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/generation/stage_plugins.hpp>
#include <m3u_proxy/guide/guide_generator.hpp>
#include <m3u_proxy/io/atomic_file.hpp>
#include <m3u_proxy/pipeline/pass.hpp>
#include <m3u_proxy/pipeline/pressure_watch.hpp>

namespace m3u_proxy::generation {

/// Calls the listener not more often than every tenth of a second.
class Progress {
 public:
  explicit Progress(pipeline::ProgressListener* listener) : listener_(listener) {}
  void report(pipeline::Stage stage, std::uint64_t items, std::uint64_t done, std::uint64_t total) {
    if (listener_ == nullptr) return;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    listener_->on_progress(to_string(stage), items, done, total);
  }

 private:
  pipeline::ProgressListener* listener_;
  std::chrono::steady_clock::time_point next_{};
};

/// The steps of a pass, and which of them may hold rows back.
struct StageChain {
  struct Holder {
    channels::ChannelStrategy* strategy;
    std::size_t step;
  };
  std::vector<pipeline::PassStep<channels::ChannelItem>> steps;
  std::vector<Holder> holders;

  void add(pipeline::Stage stage, bool parallel,
           std::function<Result<>(channels::ChannelItem&)> run) {
    steps.push_back({.stage = stage, .parallel = parallel, .run = std::move(run)});
  }
};

/// One run for one proxy; the members are what its passes share, in the order they come to be.
class Generation {
 public:
  Generation(const ResolvedProxyConfig& config, Publisher& publisher,
             const pipeline::RunContext& context, const GenerationServices& services)
      : config_(config),
        publisher_(publisher),
        context_(with_watch(context, watch_)),
        services_(services),
        progress_(context.progress),
        watch_(context_, services.watch),
        reader_(context_, config.sources, needs_channel_ids(config) || services.lineup != nullptr),
        duplicates_(context_, reader_),
        numbering_(*context.budget, {.mode = config.numbering,
                                     .first = config.starting_channel_number,
                                     .ranges = config.ranges,
                                     .sources = reader_.infos()}),
        guide_(std::in_place, context_, config.guide, config.programme_filters.get(),
               config.programme_rules.get(), config.guide_channel_rules.get()) {}
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  Result<GenerationStats> run();

 private:
  using Clock = std::chrono::steady_clock;
  static pipeline::RunContext with_watch(pipeline::RunContext context,
                                         pipeline::PressureWatch& watch) {
    context.watch = &watch;
    return context;
  }
  [[nodiscard]] bool has_lineup() const { return services_.lineup != nullptr; }
  Result<> begin_plugins();
  void begin_item(channels::ChannelItem& item);
  Result<> add_stage(StageChain& chain, pipeline::Stage stage, channels::ChannelStrategy& native);
  Result<> run_chain(pipeline::Stage input_stage,
                     const pipeline::Pass<channels::ChannelItem>::Input& input,
                     const StageChain& chain);
  /// Whether more than its native strategy works in the stage.
  [[nodiscard]] bool has_plugins(pipeline::Stage stage) const {
    return !stage_strategies_[static_cast<std::size_t>(stage)].empty();
  }
  Result<> load_and_filter();
  Result<> number_and_write();
  Result<io::TempFolder*> guide_folder(std::unique_ptr<io::TempFolder>& own) const;
  Result<> write_guide();
  Result<> publish();
  Result<> keep_batch(channels::ChannelItem& item);
  Result<> hand_to_guide(channels::ChannelItem& item);
  Result<> write_batch(channels::ChannelItem& item);
  Result<> begin_lineup();
  Result<> check_empty() const;
  Result<> check_shrink() const;
  bool guide_shrank();
  [[nodiscard]] bool guide_was_read() const;
  void warn(std::string warning);
  void warn_of_unmatched(const std::vector<ExpressionStats>& all, std::string_view kind);
  void finish_stage(pipeline::Stage stage, std::uint64_t items_in, std::uint64_t items_out,
                    memory::MemoryCleanable& leavings, std::string_view done_what);
  void fill_stats(std::chrono::nanoseconds duration);
  void add_guide_stats();
  void log_problems() const;
  void expect_stage_after(pipeline::Stage stage);
  void fill_memory_stats();
  void add_expression_stats(const std::vector<std::string>& names, const rules::Counts& counts,
                            std::string_view applies_to, std::vector<ExpressionStats>& into);
  std::vector<guide::GuideSource> guide_sources();
  [[nodiscard]] std::string guide_url();

  const ResolvedProxyConfig& config_;
  Publisher& publisher_;
  const pipeline::RunContext context_;
  const GenerationServices& services_;
  GenerationStats stats_;
  pipeline::StageClock clock_;
  Progress progress_;
  pipeline::PressureWatch watch_;
  std::unique_ptr<StagePlugins> plugins_;  ///< nullptr: none
  std::array<std::string, pipeline::kStageCount>
      stage_strategies_;  ///< names, where plugins are among them

  channels::SourceReader reader_;
  channels::DuplicateFilter duplicates_;
  std::unique_ptr<channels::ChannelStore> store_;
  rules::Counts rule_counts_;
  rules::Counts filter_counts_;
  std::uint64_t loaded_ = 0;
  std::uint64_t mapped_ = 0;
  std::uint64_t kept_ = 0;
  std::atomic<std::uint64_t> done_{0};  // for the progress bar, which another step reports

  channels::ChannelNumberingStrategy numbering_;
  std::optional<guide::GuideGenerator> guide_;  ///< until its leavings are cleaned
  PublishedList previous_;
  io::AtomicFile* playlist_ = nullptr;  ///< the publisher's
  guide::GuideResult guide_result_;
  std::optional<memory::RunWatermark> watermark_;  ///< nullopt: nobody looks at memory
  double pass_peak_mb_ = 0;
  Clock::time_point begin_ = Clock::now();
  std::chrono::nanoseconds fsync_time_{};
  memory::CleanupSummary cleanup_before_{};
};

}  // namespace m3u_proxy::generation
