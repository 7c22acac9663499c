// ChannelSortKey: what channels are sorted by, as one row of bytes a channel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/channels/sort_field.hpp>
#include <m3u_proxy/rules/record.hpp>
#include <m3u_proxy/spill/sort_key.hpp>

namespace m3u_proxy::channels {

/// Makes the keys by which channels are sorted, byte by byte. One a worker; not thread-safe.
class ChannelSortKey {
 public:
  /// The key of a channel; valid until the next call.
  std::string_view of(const rules::Record& channel, const std::vector<ChannelSortField>& fields);

 private:
  void add(std::string_view value, const ChannelSortField& field);

  spill::SortKey key_;
  std::string folded_;
  std::string natural_;
};

}  // namespace m3u_proxy::channels
