// GuideMatcher: which outputs a guide's channels belong to where that is not told by equal ids
// alone: without case, by name, and after rules that rename ids.
//
// The playlist's ids and names and those of the guide are brought together by sorting both, so
// that there may be any number of either. The best offer wins, the first among equals: same id,
// same id without case, tvg_name, channel_name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_outputs.hpp>
#include <m3u_proxy/spill/key_map.hpp>
#include <m3u_proxy/spill/key_set.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::guide {

/// Filled and decided by one thread; first() and next() may then come from any.
class GuideMatcher {
 public:
  /// `space` may be nullptr: everything stays in memory.
  GuideMatcher(memory::Budget& budget, spill::SpillSpace* space, GuideMatch match,
               GuideOutputs& outputs);

  /// What `output` can be matched by. `is_new`: it was not added before. Errors: kOverBudget,
  /// kDiskFull, kIo, as of all that follow.
  Result<> add(const GuideChannel& channel, std::uint32_t output, bool is_new);

  /// Forgets the source before.
  void begin_source();
  /// Whether the source had no channel with this id before.
  Result<bool> begin_id(std::string_view id);
  /// The source has a channel with this id, which rules made `new_id`, and with this display-name.
  Result<> offer_id(std::string_view id, std::string_view new_id);
  Result<> offer_name(std::string_view id, std::string_view display_name);
  /// The id has a programme: of ids that rules made one, the first such is the best.
  Result<> note_active(std::string_view id);
  /// The `<channel>` at this byte of the source is the one that rules ran with.
  Result<> note_ruled(std::uint64_t byte);
  /// Decides on the offers, and flags outputs that share one or differ from it.
  Result<> decide();

  /// Whether rules ran with the `<channel>` at this byte.
  [[nodiscard]] Result<bool> is_ruled(std::uint64_t byte) const;
  /// The first output of the guide's channel `id`; then the next one.
  [[nodiscard]] Result<std::optional<std::uint32_t>> first(std::string_view id) const;
  [[nodiscard]] Result<std::optional<std::uint32_t>> next(std::uint32_t output) const;

 private:
  enum class Rank : std::uint8_t { kSameId, kFoldedId, kTvgName, kChannelName };
  /// An output could be found by this.
  struct Link {
    spill::Key128 key;
    std::uint32_t output;
    Rank rank;
  };
  /// A guide's channel has this.
  struct Offer {
    spill::Key128 key;
    spill::Key128 guide;
    std::uint64_t order;
    bool renamed;  ///< it had another id before the rules
  };
  /// An output and a guide's channel go together.
  struct Match {
    spill::Key128 guide;
    std::uint64_t order;
    std::uint32_t output;
    Rank rank;
    bool renamed;
  };
  struct ByKey {
    template <typename T>
    bool operator()(const T& a, const T& b) const {
      return a.key.high != b.key.high ? a.key.high < b.key.high : a.key.low < b.key.low;
    }
    template <typename T>
    static std::uint64_t prefix(const T& record) {
      return record.key.high;
    }
  };
  struct BestFirst {
    bool operator()(const Match& a, const Match& b) const;
  };
  struct ByGuide {
    bool operator()(const Match& a, const Match& b) const;
  };
  using Matches = spill::RecordSorter<Match, BestFirst>;
  using Decisions = spill::RecordSorter<Match, ByGuide>;

  Result<> link(spill::Key128 key, std::uint32_t output, Rank rank);
  Result<> offer(spill::Key128 key, spill::Key128 guide);
  Result<bool> next_offer(Offer& offer);
  Result<bool> is_better(const Offer& offer, const Offer& than) const;
  Result<> join(Matches& matches);
  Result<> settle(Decisions& decisions);

  memory::Budget* budget_;
  spill::SpillSpace* space_;
  GuideMatch match_;
  GuideOutputs* outputs_;
  spill::RecordSorter<Link, ByKey> links_;
  bool links_sorted_ = false;
  spill::RecordSorter<Offer, ByKey> offers_;
  spill::KeySet offered_;
  spill::KeySet active_;          // ids with programmes, where rules ask for it
  spill::KeySet ruled_;           // places of the `<channel>`s that rules ran with
  bool renamed_ = false;          // the id that is offered has another name now
  std::optional<Offer> pending_;  // read ahead by next_offer()
  spill::KeyMap first_;           // guide's channel → output
  spill::KeyMap next_;            // output → output
  std::string folded_;
};

constexpr std::string_view kFoldSpace = "fold";  ///< keys of ids without case
constexpr std::string_view kNameSpace = "name";  ///< keys of display-names

/// The key of a number in a map or set of them.
inline spill::Key128 key_of_number(std::uint64_t number) {
  // Spread, as the keys of texts are.
  constexpr std::uint64_t kMixer = 0x9E3779B97F4A7C15ULL;
  return {.low = (number + 1) * kMixer, .high = (number + 1) * kMixer * kMixer};
}
inline spill::Key128 key_of_output(std::uint32_t output) { return key_of_number(output); }

}  // namespace m3u_proxy::guide
