// GuideIndex: which channels of the playlist a guide's channel belongs to.
//
// Channels of the playlist with the same guide id share one *output*: one `<channel>` and its
// programmes. The index holds hashes only, in memory or on disk, and two bytes an output; texts
// wait in PlaylistChannels. It is filled serially; looking up and provides() may then come from any
// thread.
//
// Where it has no Result it throws memory::OverBudget, with the error of the disk, too.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_matcher.hpp>
#include <m3u_proxy/guide/matching/guide_outputs.hpp>
#include <m3u_proxy/spill/key_map.hpp>

namespace m3u_proxy::guide {

/// The guide id of a channel under `tvg_shift = "apply"`: `<id>+1h`.
using formats::shifted_guide_id;

class GuideIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint16_t kMaxSources = GuideOutputs::kMaxSources;
  static constexpr std::uint16_t kNoSource = GuideOutputs::kNoSource;

  /// Whether rules may give the guides' channels other ids.
  enum class GuideIds : std::uint8_t { kAsTheyAre, kMayChange };
  GuideIndex(const pipeline::RunContext& context, GuideMatch match, TvgShift tvg_shift,
             GuideIds ids = GuideIds::kAsTheyAre);

  struct Added {
    std::uint32_t output = 0;
    bool first = false;  ///< no channel before it had this guide id
  };
  /// Adds a channel of the playlist. Errors: kOverBudget, kDiskFull, kIo.
  Result<Added> add(const GuideChannel& channel);
  [[nodiscard]] std::uint32_t outputs() const { return outputs_.size(); }

  /// Starts on the next EPG source.
  void begin_source();
  /// Where a source has to be read once with offers before outputs can be looked up: what they are
  /// made to. Else nullptr.
  [[nodiscard]] GuideMatcher* matcher() { return matcher_ ? &*matcher_ : nullptr; }
  /// Whether rules ran with the `<channel>` at this byte of the source.
  [[nodiscard]] bool is_ruled(std::uint64_t byte) const;

  /// The first output of the guide's channel `id`, kNone when there is none; then the next one.
  [[nodiscard]] std::uint32_t first(std::string_view id) const;
  [[nodiscard]] std::uint32_t next(std::uint32_t output) const;
  /// The output whose id is exactly this and not shifted.
  [[nodiscard]] std::uint32_t find_output(std::string_view id) const;

  /// Whether source `source` may give programmes to the output: no earlier one has.
  [[nodiscard]] bool may_provide(std::uint32_t output, std::uint16_t source) const;
  /// Source `source` gives programmes to the output.
  void provides(std::uint32_t output, std::uint16_t source);
  [[nodiscard]] std::uint16_t provider(std::uint32_t output) const {
    return outputs_.provider(output);
  }
  /// Notes that the current source declared the output's channel; false when it had done so.
  bool declare(std::uint32_t output);
  [[nodiscard]] bool declared(std::uint32_t output) const {
    return outputs_.has(output, GuideOutputs::Flag::kDeclared);
  }
  [[nodiscard]] bool declared_by_current(std::uint32_t output) const {
    return outputs_.has(output, GuideOutputs::Flag::kDeclaredByThis);
  }
  /// Outputs that a source declared or that got programmes without that, so far. Every output
  /// that the guide lists counts, and the number grows whenever another is to be listed or one of
  /// these turns out to be declared. Callable while workers run.
  [[nodiscard]] std::uint64_t listed() const { return declared_ + undeclared_.load(); }
  /// Thousandths of hours by which the output's programmes move.
  [[nodiscard]] std::int32_t shift(std::uint32_t output) const;
  /// Whether the output's id is another text than the guide's (shifts apart).
  [[nodiscard]] bool differs_from_guide(std::uint32_t output) const {
    return outputs_.has(output, GuideOutputs::Flag::kDiffers);
  }

 private:
  [[nodiscard]] Result<std::optional<std::uint32_t>> next_with_id(std::uint32_t output) const;
  Result<Added> add_shifted(spill::Key128 id, std::int32_t shift);
  Result<std::uint32_t> new_output();

  TvgShift tvg_shift_;
  GuideOutputs outputs_;
  spill::KeyMap ids_;     // guide id → first output with it
  spill::KeyMap shifts_;  // output → its shift, where it has one
  spill::KeyMap next_;    // output → the next one with the same id and another shift
  std::optional<GuideMatcher> matcher_;
  std::uint64_t declared_ = 0;
  std::atomic<std::uint64_t> undeclared_{0};  // that had programmes first
};

}  // namespace m3u_proxy::guide
