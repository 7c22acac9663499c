// The group that an #EXTGRP line opens, from chunk to chunk.
#include <m3u_proxy/formats/m3u_reader.hpp>

namespace m3u_proxy::formats {

void OpenGroup::carry(const M3uGroups& groups, catalog::ChannelBatch& batch) {
  if (!group_.empty()) {
    std::string_view stored;
    for (std::size_t row = 0; row < groups.rows_before; ++row) {
      const std::string_view own = batch.text(catalog::ChannelField::kGroupTitle, row);
      if (own.data() != nullptr) continue;  // an empty one that the entry itself gave counts too
      if (stored.empty()) stored = batch.store(group_);
      batch.set_text(catalog::ChannelField::kGroupTitle, row, stored);
    }
  }
  if (groups.open) group_ = *groups.open;
}

}  // namespace m3u_proxy::formats
