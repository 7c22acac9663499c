// Logo Caching: `@logo:<uuid>` as a value becomes the address under which this program serves
// that logo. Other logos pass through; fetching and keeping them is the service's work.
#pragma once

#include <string>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::channels {

class LogoCachingStrategy final : public ChannelStrategy {
 public:
  /// `base_url` without a final slash; empty: logos of our own have no address and are dropped,
  /// counted. `active`: whether any rule writes `@logo:`.
  LogoCachingStrategy(std::string_view base_url, bool active);

  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(ChannelItem& item) override;
  /// The same for one row of the item's batch.
  void process_row(ChannelItem& item, std::size_t row) const;

 private:
  std::string_view address_of(std::string_view value, ChannelItem& item, std::size_t row) const;

  std::string prefix_;
  bool active_;
};

}  // namespace m3u_proxy::channels
