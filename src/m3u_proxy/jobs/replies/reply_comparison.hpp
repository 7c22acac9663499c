// Reply comparison: what a reply that waits in quarantine would bring and take away, beside the
// last good one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/snapshots/lineup.hpp>
#include <m3u_proxy/spill/key.hpp>
#include <m3u_proxy/spill/spill_space.hpp>

namespace m3u_proxy::jobs {

/// What is compared of a channel. Not its address: a provider may give each one a new token every
/// day.
inline constexpr std::array<std::string_view, 5> kReplyFields = {"name", "number", "group", "logo",
                                                                 "guide_id"};
/// In the order of kReplyFields; of a channel of a guide there is only the first, its id.
template <typename Text>
using ReplyTexts = std::array<Text, kReplyFields.size()>;

struct ReplyItem {
  spill::Key128 key;
  ReplyTexts<std::string_view> texts;
};
/// False ends the reading.
using ReplyVisitor = std::function<Result<bool>(const ReplyItem& item)>;
/// Reads a reply from its beginning; it may show a channel several times.
using ReadReply = std::function<Result<>(const ReplyVisitor& visit)>;

struct ReplyChange {
  snapshots::ChannelChange change = snapshots::ChannelChange::kRemoved;
  /// Each on one line, cut after kLongestReplyText bytes. nullopt: it is not there.
  std::optional<ReplyTexts<std::string>> before{};
  std::optional<ReplyTexts<std::string>> after{};
};
inline constexpr std::size_t kLongestReplyText = 200;
inline constexpr std::size_t kMostReplyChanges = 100;

struct ReplyComparison {
  std::uint64_t was = 0;  ///< channels or programmes of the last good reply
  std::uint64_t is = 0;   ///< of the one that waits
  snapshots::LineupDifference counts{};
  /// The first of each kind, in the order of the reply that has them.
  std::vector<ReplyChange> changes{};
  memory::Reservation reservation{};  ///< for `changes`
};

/// Compares two replies; `limit`: how many changes of each kind it names, at most
/// kMostReplyChanges. `spill`: where keys go that memory has no room for; nullptr: nowhere. Sets
/// all but `was` and `is`. Errors: of reading; kOverBudget, kDiskFull, kIo.
Result<ReplyComparison> compare_replies(const ReadReply& good, const ReadReply& waiting,
                                        memory::Budget& budget, spill::SpillSpace* spill,
                                        std::size_t limit);

}  // namespace m3u_proxy::jobs
