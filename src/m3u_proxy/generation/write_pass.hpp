// WritePass: the second pass of a generation: the kept channels get their numbers, the guide and
// the lineup hear of them, and the playlist is written.
#pragma once

#include <atomic>
#include <cstdint>

#include <m3u_proxy/generation/generation_scope.hpp>
#include <m3u_proxy/generation/guide_pass.hpp>
#include <m3u_proxy/generation/load_pass.hpp>
#include <m3u_proxy/generation/published_list.hpp>
#include <m3u_proxy/generation/stage_observer.hpp>

namespace m3u_proxy::generation {

/// What was written, and what the list before it did not have, or had and this one has not.
struct WrittenList {
  std::uint64_t channels = 0;
  bool has_previous = false;
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  ProblemLog problems;
};

/// Run once, by one thread.
class WritePass {
 public:
  /// `loaded` is run before this, `guide` after it; both live longer.
  WritePass(GenerationScope& scope, LoadPass& loaded, GuidePass& guide)
      : scope_(scope), loaded_(loaded), guide_(guide) {}

  /// Errors: kParse when the list may not become empty, or lose as much as it does; kPlugin,
  /// kOverBudget, kDiskFull, kIo, kCancelled.
  Result<> run(StageObserver& observer);
  [[nodiscard]] const WrittenList& written() const { return written_; }

 private:
  Result<> begin_playlist();
  Result<> begin_lineup();
  Result<> pass_channels();
  Result<> write_batch(channels::ChannelItem& item);
  [[nodiscard]] Result<> check_empty() const;
  [[nodiscard]] Result<> check_shrink() const;

  GenerationScope& scope_;
  LoadPass& loaded_;
  GuidePass& guide_;
  PublishedList previous_;
  io::AtomicFile* playlist_ = nullptr;  ///< the publisher's
  WrittenList written_;
  std::atomic<std::uint64_t> done_{0};  // channels for the progress bar, which another step reports
};

}  // namespace m3u_proxy::generation
