#include <algorithm>
#include <utility>

#include <m3u_proxy/edits/listed_edits.hpp>

namespace m3u_proxy::edits {

ListedEdits::ListedEdits(std::vector<ChannelEdit> edits) {
  std::ranges::stable_sort(edits, {}, &ChannelEdit::channel);
  for (ChannelEdit& edit : edits) {
    if (!edits_.empty() && edits_.back().channel == edit.channel)
      merge(edits_.back(), edit);
    else
      edits_.push_back(std::move(edit));
  }
  for (const ChannelEdit& edit : edits_)
    if (edit.place != Place::kStays && placements_.size() < kMostPlacements)
      placements_.push_back({.channel = edit.channel, .anchor = edit.anchor, .place = edit.place});
}

Result<> ListedEdits::find(std::span<const Uuid> ids, const OnEdit& on_edit) const {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto found = std::ranges::lower_bound(edits_, ids[i], {}, &ChannelEdit::channel);
    if (found != edits_.end() && found->channel == ids[i]) M3U_CHECK(on_edit(i, *found));
  }
  return {};
}

}  // namespace m3u_proxy::edits
