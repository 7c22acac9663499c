#include <algorithm>
#include <utility>

#include <m3u_proxy/edits/overlaid_edits.hpp>

namespace m3u_proxy::edits {
namespace {

std::vector<Uuid> sorted_channels(const std::vector<ChannelEdit>& edits) {
  std::vector<Uuid> channels;
  channels.reserve(edits.size());
  for (const ChannelEdit& edit : edits) channels.push_back(edit.channel);
  std::ranges::sort(channels);
  return channels;
}

std::vector<ChannelEdit> without_empty(std::vector<ChannelEdit> edits) {
  std::erase_if(edits, [](const ChannelEdit& edit) { return says_nothing(edit); });
  return edits;
}

}  // namespace

OverlaidEdits::OverlaidEdits(std::shared_ptr<const ChannelEdits> below,
                             std::vector<ChannelEdit> over)
    : below_(std::move(below)),
      replaced_(sorted_channels(over)),
      over_(without_empty(std::move(over))) {
  placements_.assign(over_.placements().begin(), over_.placements().end());
  if (below_ == nullptr) return;
  for (const Placement& placement : below_->placements())
    if (placements_.size() < kMostPlacements &&
        !std::ranges::binary_search(replaced_, placement.channel))
      placements_.push_back(placement);
}

Result<> OverlaidEdits::find(std::span<const Uuid> ids, const OnEdit& on_edit) const {
  M3U_CHECK(over_.find(ids, on_edit));
  if (below_ == nullptr) return {};
  return below_->find(ids, [&](std::size_t index, const ChannelEdit& edit) -> Result<> {
    if (std::ranges::binary_search(replaced_, edit.channel)) return {};
    return on_edit(index, edit);
  });
}

std::uint64_t OverlaidEdits::size() const {
  return over_.size() + (below_ == nullptr ? 0 : below_->size());
}

}  // namespace m3u_proxy::edits
