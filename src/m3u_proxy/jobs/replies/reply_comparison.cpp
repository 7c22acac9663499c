#include <algorithm>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/jobs/replies/reply_comparison.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/key_map.hpp>

namespace m3u_proxy::jobs {
namespace {

using enum snapshots::ChannelChange;

ReplyTexts<std::string> kept(const ReplyItem& item) {
  ReplyTexts<std::string> texts;
  std::ranges::transform(item.texts, texts.begin(),
                         [](std::string_view text) { return excerpt(text, kLongestReplyText); });
  return texts;
}

/// The good reply is read, then the one that waits, then the good one again: what it has more, and
/// how it was before, is known only then.
class Comparer {
 public:
  Comparer(memory::Budget& budget, spill::SpillSpace* spill, std::size_t limit)
      : before_(budget, spill), after_(budget, spill), limit_(limit) {}

  Result<bool> add_good(const ReplyItem& item) {
    M3U_CHECK(before_.insert(item.key, content_of(item)));
    return true;
  }
  Result<bool> add_waiting(const ReplyItem& item);
  Result<bool> look_back(const ReplyItem& item);
  /// Call once both are read.
  bool has_to_look_back() {
    found_.counts.removed = before_.size() - common_;
    to_name_ = std::min<std::uint64_t>(found_.counts.removed, limit_);
    return to_name_ != 0 || to_fill_ != 0;
  }
  /// Call at the end.
  ReplyComparison take() { return std::move(found_); }

 private:
  /// Equal for equal texts, and for others once in 4 thousand million.
  std::uint32_t content_of(const ReplyItem& item) {
    scratch_.clear();
    for (const std::string_view text : item.texts) scratch_.append(text).push_back('\0');
    return static_cast<std::uint32_t>(spill::key_of(scratch_).low);
  }

  spill::KeyMap before_;  ///< the content of each channel of the good reply
  /// The channels of the one that waits; where the change of one is kept, its place, from 1.
  spill::KeyMap after_;
  std::size_t limit_;
  ReplyComparison found_;
  std::uint64_t common_ = 0;
  std::uint64_t to_name_ = 0;  ///< removed ones
  std::uint64_t to_fill_ = 0;  ///< changed ones without `before`
  std::string scratch_;
};

Result<bool> Comparer::add_waiting(const ReplyItem& item) {
  M3U_TRY(const auto content, before_.find(item.key));
  const bool changed = content && *content != content_of(item);
  std::uint64_t& count = content ? found_.counts.changed : found_.counts.added;
  const bool keeps = (changed || !content) && count < limit_;
  const auto place = static_cast<std::uint32_t>(found_.changes.size() + 1);
  M3U_TRY(const auto seen, after_.insert(item.key, keeps && changed ? place : 0));
  if (seen) return true;
  if (content) ++common_;
  if (content && !changed) return true;
  ++count;
  if (!keeps) return true;
  if (changed) ++to_fill_;
  found_.changes.push_back({.change = changed ? kChanged : kAdded, .after = kept(item)});
  return true;
}

Result<bool> Comparer::look_back(const ReplyItem& item) {
  M3U_TRY(const auto place, after_.insert(item.key, 0));
  if (!place && to_name_ != 0) {
    --to_name_;
    found_.changes.push_back({.change = kRemoved, .before = kept(item)});
  } else if (place && *place != 0) {
    ReplyChange& change = found_.changes[*place - 1];
    if (!change.before) {
      change.before = kept(item);
      --to_fill_;
    }
  }
  return to_name_ != 0 || to_fill_ != 0;
}

}  // namespace

Result<ReplyComparison> compare_replies(const ReadReply& good, const ReadReply& waiting,
                                        memory::Budget& budget, spill::SpillSpace* spill,
                                        std::size_t limit) {
  constexpr std::size_t kChange = sizeof(ReplyChange) + 2 * kReplyFields.size() * kLongestReplyText;
  constexpr std::size_t kKinds = 3;
  M3U_TRY(memory::Reservation reservation,
          budget.reserve(memory::Tag::kJobs, {kKinds * limit * kChange}));
  return memory::guarded([&]() -> Result<ReplyComparison> {
    Comparer comparer(budget, spill, limit);
    M3U_CHECK(good([&](const ReplyItem& item) { return comparer.add_good(item); }));
    M3U_CHECK(waiting([&](const ReplyItem& item) { return comparer.add_waiting(item); }));
    if (comparer.has_to_look_back())
      M3U_CHECK(good([&](const ReplyItem& item) { return comparer.look_back(item); }));
    ReplyComparison found = comparer.take();
    found.reservation = std::move(reservation);
    return found;
  });
}

}  // namespace m3u_proxy::jobs
