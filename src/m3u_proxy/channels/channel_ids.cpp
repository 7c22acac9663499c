#include <cstring>

#include <m3u_proxy/channels/channel_ids.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelField;

spill::Key128 key_of_id(const Uuid& id) {
  spill::Key128 key;
  std::memcpy(&key.low, id.bytes.data(), sizeof(key.low));
  std::memcpy(&key.high, id.bytes.data() + sizeof(key.low), sizeof(key.high));
  return key;
}

}  // namespace

Result<> ChannelIds::make_own(const Uuid& source, catalog::ChannelBatch& batch, std::size_t row) {
  M3U_TRY(const bool is_new, taken_.insert(key_of_id(batch.id(row))));
  if (is_new) return {};
  const auto variant = [&](std::uint64_t ordinal) {
    return channel_id(
        source, formats::channel_variant_key(batch.text(ChannelField::kStreamUrl, row),
                                             batch.text(ChannelField::kChannelName, row), ordinal));
  };
  // The ordinals that are taken have no gaps: doubled until one is free, then halved in between.
  std::uint64_t taken = 0;
  std::uint64_t free = 1;
  while (true) {
    M3U_TRY(const bool is_taken, taken_.contains(key_of_id(variant(free))));
    if (!is_taken) break;
    taken = free;
    free *= 2;
  }
  while (free - taken > 1) {
    const std::uint64_t middle = taken + (free - taken) / 2;
    M3U_TRY(const bool is_taken, taken_.contains(key_of_id(variant(middle))));
    (is_taken ? taken : free) = middle;
  }
  batch.set_id(row, variant(free));
  M3U_CHECK(taken_.insert(key_of_id(batch.id(row))));
  return {};
}

}  // namespace m3u_proxy::channels
