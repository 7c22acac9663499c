// Channel value: a field of a channel as expressions see it, from rows that are kept in any form.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/channels/source_info.hpp>

namespace m3u_proxy::channels {

/// The value of `field` in a row of `rows`, a ChannelBatch or a FrameView; valid as long as theirs
/// are. `sources`: by the rows' source index.
template <typename Rows>
std::string_view channel_value(const Rows& rows, std::size_t row,
                               std::span<const SourceInfo> sources,
                               const catalog::FieldRef& field) {
  using catalog::ChannelField;
  if (field.is_attribute) return rows.attribute(row, field.attribute);
  const auto channel_field = static_cast<ChannelField>(field.index);
  const SourceInfo& source = sources[rows.source(row)];
  switch (channel_field) {
    case ChannelField::kSourceName:
      return source.name;
    case ChannelField::kSourceType:
      return source.type;
    case ChannelField::kSourceUrl:
      return source.url;
    case ChannelField::kMediaType:
      return catalog::to_string(rows.media_type(row));
    default:
      return rows.text(channel_field, row);
  }
}

}  // namespace m3u_proxy::channels
