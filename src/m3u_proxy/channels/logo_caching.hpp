// Logo Caching: `@logo:<uuid>` as a value becomes the address under which this program serves
// that logo.
//
// In lists that the service publishes the logo column is left to their writer
// (formats/m3u_writer.hpp), which turns logos of the web into addresses of our cache as well: so
// the lineup keeps what people and sources wrote, from which the cache knows what to fetch.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::channels {

class LogoCachingStrategy final : public ChannelStrategy {
 public:
  enum class Column : std::uint8_t { kFilled, kLeftToWriter };
  struct Options {
    /// What precedes a logo's id in its address; empty: logos of our own have no address and are
    /// dropped, counted.
    std::string prefix{};
    bool active = false;  ///< whether `@logo:` may be anywhere
    Column logo_column = Column::kFilled;
  };
  explicit LogoCachingStrategy(Options options) : options_(std::move(options)) {}

  [[nodiscard]] bool parallel() const override { return true; }
  Result<> process(ChannelItem& item) override;
  /// The same for one row of the item's batch.
  void process_row(ChannelItem& item, std::size_t row) const;

 private:
  std::string_view address_of(std::string_view value, ChannelItem& item, std::size_t row) const;

  Options options_;
};

}  // namespace m3u_proxy::channels
