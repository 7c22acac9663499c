// ListedEdits: edits in memory, such as those of a configuration file.
#pragma once

#include <vector>

#include <m3u_proxy/edits/channel_edit.hpp>

namespace m3u_proxy::edits {

class ListedEdits final : public ChannelEdits {
 public:
  /// In any order; of several of one channel the later ones hold, field by field. Placements beyond
  /// kMostPlacements, in the order of the channels' ids, are left out.
  explicit ListedEdits(std::vector<ChannelEdit> edits);

  Result<> find(std::span<const Uuid> ids, const OnEdit& on_edit) const override;
  [[nodiscard]] std::span<const Placement> placements() const override { return placements_; }
  [[nodiscard]] std::uint64_t size() const override { return edits_.size(); }

 private:
  std::vector<ChannelEdit> edits_;  // by id, one each
  std::vector<Placement> placements_;
};

}  // namespace m3u_proxy::edits
