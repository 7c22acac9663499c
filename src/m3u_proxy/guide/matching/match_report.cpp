#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/guide/matching/match_report.hpp>

namespace m3u_proxy::guide {
namespace {

constexpr std::size_t kMaxUnmatchedSample = 100;

}  // namespace

Result<> MatchReport::count(const PlaylistChannels& list, const GuideIndex& index,
                            GuideResult& result) {
  PlaylistChannels::Reader reader(list);
  ListedChannel listed;
  while (true) {
    M3U_TRY(const bool more, reader.next(listed));
    if (!more) return {};
    M3U_CHECK(count_channel(listed, index, result));
  }
}

/// Counts a channel as matched, or looks what would match it.
Result<> MatchReport::count_channel(const ListedChannel& listed, const GuideIndex& index,
                                    GuideResult& result) {
  const bool has_id = listed.output != GuideIndex::kNone;
  const std::string_view id = trim(listed.channel.tvg_id);
  bool by_id = false;
  if (has_id) {
    ++result.of;
    if (index.provider(listed.output) != GuideIndex::kNoSource) {
      ++result.matched;
      return {};
    }
    if (listed.first && result.unmatched_sample.size() < kMaxUnmatchedSample)
      result.unmatched_sample.emplace_back(id);
    // With its own id in a guide it would not take another's.
    if (index.declared(listed.output)) return {};
    fold(id, folded_);
    M3U_TRY(by_id, ids_.contains(spill::key_of(kFoldSpace, folded_)));
  }
  M3U_TRY(const bool by_tvg_name, knows_name(listed.channel.tvg_name));
  M3U_TRY(const bool by_channel_name, knows_name(listed.channel.channel_name));
  if (by_id) ++result.more_with_casefold;
  if (by_id || by_tvg_name || by_channel_name) ++result.more_with_name;
  return {};
}

Result<bool> MatchReport::knows_name(std::string_view name) {
  fold_name(trim(name), folded_);
  if (folded_.empty()) return false;
  return names_.contains(spill::key_of(kNameSpace, folded_));
}

}  // namespace m3u_proxy::guide
