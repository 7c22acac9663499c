// OverlaidEdits: edits of which a few are other ones, to see what those would do.
#pragma once

#include <memory>
#include <vector>

#include <m3u_proxy/edits/listed_edits.hpp>

namespace m3u_proxy::edits {

class OverlaidEdits final : public ChannelEdits {
 public:
  /// `over` are whole edits in the place of those of the same channels; one that says nothing takes
  /// its channel's away. `below` may be nullptr.
  OverlaidEdits(std::shared_ptr<const ChannelEdits> below, std::vector<ChannelEdit> over);

  Result<> find(std::span<const Uuid> ids, const OnEdit& on_edit) const override;
  [[nodiscard]] std::span<const Placement> placements() const override { return placements_; }
  /// Counts those that are in the place of others twice.
  [[nodiscard]] std::uint64_t size() const override;

 private:
  std::shared_ptr<const ChannelEdits> below_;
  std::vector<Uuid> replaced_;  // sorted
  ListedEdits over_;            // those that say something
  std::vector<Placement> placements_;
};

}  // namespace m3u_proxy::edits
