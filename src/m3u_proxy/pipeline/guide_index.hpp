// GuideIndex: which channels of the playlist a guide's channel belongs to.
//
// Channels of the playlist with the same guide id share one *output*: one `<channel>` and its
// programmes. The index holds hashes only (about 30 bytes an id); texts wait in GuideChannels.
// It is filled serially; looking up and provides() may then come from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/key_set.hpp>
#include <m3u_proxy/formats/xmltv_time.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/pipeline/guide.hpp>

namespace m3u_proxy::pipeline {

/// The guide id of a channel under `tvg_shift = "apply"`: `<id>+1h`.
using formats::shifted_guide_id;

/// A map from 128-bit keys to numbers, by open addressing. Throws memory::OverBudget.
class KeyTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit KeyTable(std::pmr::memory_resource* memory) : keys_(memory), values_(memory) {}

  /// The value of `key`, kNone when it is not there.
  [[nodiscard]] std::uint32_t find(catalog::Key128 key) const;
  /// The place of the value of `key`; kNone stands there when the key is new. Valid until the
  /// next call; a key whose value stays kNone is not there.
  std::uint32_t& at(catalog::Key128 key);
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void clear();

 private:
  [[nodiscard]] std::size_t slot_of(catalog::Key128 key) const;
  void grow();

  std::pmr::vector<catalog::Key128> keys_;
  std::pmr::vector<std::uint32_t> values_;
  std::size_t size_ = 0;
};

class GuideIndex {
 public:
  static constexpr std::uint32_t kNone = KeyTable::kNone;
  static constexpr std::uint16_t kNoSource = UINT16_MAX;

  GuideIndex(memory::Budget& budget, GuideMatch match, TvgShift tvg_shift);

  struct Added {
    std::uint32_t output = 0;
    bool first = false;  ///< no channel before it had this guide id
  };
  /// Adds a channel of the playlist. Throws memory::OverBudget.
  Added add(const GuideChannel& channel);
  [[nodiscard]] std::size_t outputs() const { return outputs_.size(); }

  /// Starts on the next EPG source.
  void begin_source();
  /// Whether a source has to be read once with offer_*() before outputs can be looked up.
  [[nodiscard]] bool needs_offers() const { return match_ != GuideMatch::kId; }
  /// The source has a channel with this id (and this display-name). The best offer wins, the
  /// first among equals: same id, same id without case, tvg_name, channel_name.
  void offer_id(std::string_view id);
  void offer_name(std::string_view id, std::string_view display_name);
  /// Decides on the offers.
  void decide();

  /// The first output of the guide's channel `id`, kNone when there is none; then the next one.
  [[nodiscard]] std::uint32_t first(std::string_view id) const;
  [[nodiscard]] std::uint32_t next(std::uint32_t output) const;
  /// The output whose id is exactly this and not shifted.
  [[nodiscard]] std::uint32_t find_output(std::string_view id) const;

  /// Whether source `source` may give programmes to the output: no earlier one has.
  [[nodiscard]] bool may_provide(std::uint32_t output, std::uint16_t source) const;
  /// Source `source` gives programmes to the output.
  void provides(std::uint32_t output, std::uint16_t source);
  [[nodiscard]] std::uint16_t provider(std::uint32_t output) const;
  /// Notes that the current source declared the output's channel; false when it had done so.
  bool declare(std::uint32_t output);
  [[nodiscard]] bool declared_by_current(std::uint32_t output) const;
  /// Outputs that a source declared or that got programmes without that, so far. Every output
  /// that the guide lists counts, and the number grows whenever another is to be listed or one of
  /// these turns out to be declared. Callable while workers run.
  [[nodiscard]] std::uint64_t listed() const { return declared_ + undeclared_.load(); }
  /// Thousandths of hours by which the output's programmes move.
  [[nodiscard]] std::int32_t shift(std::uint32_t output) const;
  /// Whether the output's id is another text than the guide's (shifts apart).
  [[nodiscard]] bool differs_from_guide(std::uint32_t output) const;

  static constexpr std::string_view kFoldSpace = "fold";  ///< keys of ids without case
  static constexpr std::string_view kNameSpace = "name";  ///< keys of display-names

 private:
  enum class Rank : std::uint8_t { kSameId, kFoldedId, kTvgName, kChannelName, kNone };
  struct Output {
    std::uint32_t next = kNone;  // with the same id and another shift
    std::uint16_t provider = kNoSource;
    bool declared_by_current = false;
    bool declared_by_any = false;
  };
  struct Offer {
    catalog::Key128 guide;
    std::uint32_t next = kNone;  // with the same guide channel
    Rank rank = Rank::kNone;
  };
  struct Link {
    std::uint32_t output;
    std::uint32_t next;
    Rank rank;
  };
  void link(catalog::Key128 key, std::uint32_t output, Rank rank);
  void offer(catalog::Key128 key, catalog::Key128 guide);
  void take(std::uint32_t output, catalog::Key128 guide, Rank rank);

  GuideMatch match_;
  TvgShift tvg_shift_;
  memory::BudgetResource memory_;
  KeyTable ids_;  // guide id → first output with it
  std::pmr::vector<Output> outputs_;
  std::pmr::vector<std::int32_t> shifts_;  // only with tvg_shift = apply
  std::uint64_t declared_ = 0;
  std::atomic<std::uint64_t> undeclared_{0};  // that had programmes first
  // Only where matching is not by id:
  KeyTable links_of_;
  std::pmr::vector<Link> links_;
  std::pmr::vector<Offer> offers_;
  KeyTable decided_;  // guide id → first output
  std::string folded_;
};

}  // namespace m3u_proxy::pipeline
