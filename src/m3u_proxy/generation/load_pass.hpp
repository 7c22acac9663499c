// LoadPass: the first pass of a generation: the sources' channels, through rules and filters, to
// where they wait until all of them are known.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <m3u_proxy/channels/channel_numbering.hpp>
#include <m3u_proxy/channels/channel_store.hpp>
#include <m3u_proxy/channels/edit_channels.hpp>
#include <m3u_proxy/channels/source_loading.hpp>
#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>

namespace m3u_proxy::generation {

/// Run once, by one thread; what it counted is complete then.
class LoadPass {
 public:
  explicit LoadPass(GenerationScope& scope);

  /// Errors: kParse/kIo/kNetwork when every source failed (the message names each) or none has a
  /// channel; kPlugin, kOverBudget, kDiskFull, kCancelled.
  Result<> run(StageObserver& observer);

  /// The kept channels, and the numbers that they ask for.
  [[nodiscard]] channels::ChannelStore& store() const { return *store_; }
  [[nodiscard]] channels::ChannelNumberingStrategy& numbering() { return numbering_; }
  /// The playlists, and what became of each, in order.
  [[nodiscard]] std::span<const channels::SourceInfo> sources() const { return reader_.infos(); }
  [[nodiscard]] const std::vector<channels::SourceStats>& source_stats() const {
    return reader_.stats();
  }
  /// Channels without duplicates, and those that filters left.
  [[nodiscard]] std::uint64_t loaded() const { return loaded_; }
  [[nodiscard]] std::uint64_t kept() const { return kept_; }
  /// What people's edits did.
  [[nodiscard]] const channels::EditChannels& edits() const { return edits_; }
  [[nodiscard]] const rules::Counts& rule_counts() const { return rule_counts_; }
  [[nodiscard]] const rules::Counts& filter_counts() const { return filter_counts_; }
  /// All that was found; may be called once.
  [[nodiscard]] ProblemLog take_problems();

 private:
  void open_store();
  Result<> keep_batch(channels::ChannelItem& item);

  GenerationScope& scope_;
  channels::SourceReader reader_;
  channels::DuplicateFilter duplicates_;
  channels::ChannelNumberingStrategy numbering_;
  channels::EditChannels edits_;
  std::unique_ptr<channels::ChannelStore> store_;
  rules::Counts rule_counts_;
  rules::Counts filter_counts_;
  ProblemLog problems_;
  std::uint64_t loaded_ = 0;
  std::uint64_t mapped_ = 0;
  std::uint64_t kept_ = 0;
  std::atomic<std::uint64_t> done_{0};  // kept_ for the progress bar, which another step reports
};

}  // namespace m3u_proxy::generation
