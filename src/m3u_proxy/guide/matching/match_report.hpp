// MatchReport: how many channels of the playlist found programmes, and how many more would with
// another way of matching.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <m3u_proxy/guide/guide.hpp>
#include <m3u_proxy/guide/matching/guide_index.hpp>
#include <m3u_proxy/guide/playlist_channels.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::guide {

/// Remembers the ids and names of the guides' channels, in memory or on disk. Not thread-safe.
/// Errors: kOverBudget, kDiskFull, kIo.
class MatchReport {
 public:
  explicit MatchReport(const pipeline::RunContext& context)
      : ids_(*context.budget, context.spill, {.tag = memory::Tag::kGuide}),
        names_(*context.budget, context.spill, {.tag = memory::Tag::kGuide}) {}

  /// A guide has a channel with this id without case (in kFoldSpace), or this name (kNameSpace).
  Result<> note_id(spill::Key128 id) {
    M3U_CHECK(ids_.insert(id));
    return {};
  }
  Result<> note_name(spill::Key128 name) {
    M3U_CHECK(names_.insert(name));
    return {};
  }

  /// Counts all channels of the playlist in `result`.
  Result<> count(const PlaylistChannels& list, const GuideIndex& index, GuideResult& result);

 private:
  Result<> count_channel(const ListedChannel& listed, const GuideIndex& index, GuideResult& result);
  Result<bool> knows_name(std::string_view name);

  spill::KeySet ids_;
  spill::KeySet names_;
  std::string folded_;
};

}  // namespace m3u_proxy::guide
