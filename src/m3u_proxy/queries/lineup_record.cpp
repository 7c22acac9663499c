#include <m3u_proxy/queries/lineup_record.hpp>

namespace m3u_proxy::queries {

using catalog::ChannelField;

std::string_view LineupRecord::get(const catalog::FieldRef& field) const {
  if (field.is_attribute) return frame_->attribute(row_, field.attribute);
  const channels::SourceInfo& source = sources_[frame_->source(row_)];
  switch (static_cast<ChannelField>(field.index)) {
    case ChannelField::kSourceName:
      return source.name;
    case ChannelField::kSourceType:
      return source.type;
    case ChannelField::kSourceUrl:
      return source.url;
    case ChannelField::kMediaType:
      return catalog::to_string(frame_->media_type(row_));
    default:
      return frame_->text(field.index, row_);
  }
}

}  // namespace m3u_proxy::queries
