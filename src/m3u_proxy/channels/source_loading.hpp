// Source Loading: the playlists of a proxy, read in order, as batches of channels without
// duplicates.
//
// SourceReader reads and splits (serial), SourceLoadingStrategy parses (parallel), and
// DuplicateFilter drops what a source gives twice (serial, in order).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <m3u_proxy/channels/channel_ids.hpp>
#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/playlist_source.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/channels/source_plugin.hpp>
#include <m3u_proxy/channels/source_stats.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/memory/cleanable.hpp>
#include <m3u_proxy/pipeline/stage.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::channels {

class SourceReader {
 public:
  SourceReader(const pipeline::RunContext& context, std::span<const PlaylistSource> sources,
               bool with_ids);

  /// Puts the next chunk into `item`; false when all sources are read. A source that fails is
  /// recorded and the next one follows. Errors: kOverBudget, kCancelled.
  Result<bool> next(ChannelItem& item);

  /// Who reads the sources that name a plugin; before the first next().
  void set_plugins(OpenSourcePlugin open_plugin) { open_plugin_ = std::move(open_plugin); }

  /// About how many channels the next chunks hold; as the context says until then.
  void set_batch_rows(std::size_t rows);

  /// One a source, in order; complete once next() gave false.
  [[nodiscard]] const std::vector<SourceStats>& stats() const { return stats_; }
  /// Of one source, for those behind the reader to count in.
  [[nodiscard]] SourceStats& stats_of(std::size_t source) { return stats_[source]; }
  [[nodiscard]] std::span<const SourceInfo> infos() const { return infos_; }
  /// What was found while reading behind the last chunk; after next() gave false.
  [[nodiscard]] const ProblemLog& remaining_problems() const { return problems_; }
  /// The error when no source gave anything usable.
  [[nodiscard]] std::optional<Error> total_failure() const;
  /// Stored bytes read so far and in all, for the progress bar; 0 when the size is not known.
  [[nodiscard]] std::uint64_t consumed() const;
  [[nodiscard]] std::uint64_t size() const;

 private:
  Result<> open_next();
  Result<> read_header();
  Result<> open_as_playlist();
  Result<bool> take_chunk(ChannelItem& item);
  Result<bool> take_from_plugin(ChannelItem& item);
  Result<bool> read_with_plugin(ChannelItem& item);
  void note_opened();
  void note_problems();
  void close_source();
  Result<> record_failure(const Error& error);

  const pipeline::RunContext& context_;
  std::span<const PlaylistSource> sources_;
  bool with_ids_;
  std::size_t batch_rows_;
  std::size_t index_ = 0;
  std::unique_ptr<io::ByteSource> current_;
  std::optional<formats::M3uSplitter> splitter_;
  OpenSourcePlugin open_plugin_;          // empty: plugins are not enabled
  std::unique_ptr<SourcePlugin> plugin_;  // reads the present source
  bool plugin_at_end_ = false;            // it got all bytes
  std::optional<Error> source_error_;     // for which these are not all that there are
  memory::BudgetResource plugin_memory_;
  std::pmr::vector<char> plugin_input_;
  std::deque<formats::M3uSource> m3u_sources_;  // items point into it
  std::vector<SourceStats> stats_;
  std::vector<SourceInfo> infos_;
  std::vector<Error> errors_;
  ProblemLog problems_;  // on its way to the next item
  std::uint64_t consumed_before_ = 0;
  bool any_usable_ = false;
};

class SourceLoadingStrategy final : public ChannelStrategy {
 public:
  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(ChannelItem& item) override;
};

/// Drops entries with the URL and name of an earlier one of the same source, gives those that stay
/// what depends on the ones before (the open group, an id of their own), merges the batches'
/// problems and counts. What it holds is the stage's output that cleanup gives back.
class DuplicateFilter final : public ChannelStrategy, public memory::MemoryCleanable {
 public:
  DuplicateFilter(const pipeline::RunContext& context, SourceReader& reader)
      : reader_(&reader),
        seen_(*context.budget, context.spill),
        ids_(*context.budget, context.spill) {}

  [[nodiscard]] bool parallel() const override { return false; }
  Result<> process(ChannelItem& item) override;

  [[nodiscard]] ProblemLog& problems() { return problems_; }
  /// Keys go to disk from the next time their table is full. Thread-safe.
  void move_down() {
    seen_.move_down();
    ids_.move_down();
  }

  std::size_t basic_cleanup() override;
  [[nodiscard]] memory::MemoryUsage memory_usage() const override;

 private:
  SourceReader* reader_;
  ProblemLog problems_;
  ProblemLog found_;  // of the present batch
  spill::KeySet seen_;
  ChannelIds ids_;
  formats::OpenGroup group_;
  std::optional<std::uint16_t> source_;
};

}  // namespace m3u_proxy::channels
