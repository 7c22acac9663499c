#include <m3u_proxy/channels/channel_record.hpp>

namespace m3u_proxy::channels {

using catalog::ChannelField;

std::string_view ChannelRecord::get(const catalog::FieldRef& field) const {
  if (field.is_attribute) return batch_->attribute(row_, field.attribute);
  const auto channel_field = static_cast<ChannelField>(field.index);
  const SourceInfo& source = sources_[batch_->source(row_)];
  switch (channel_field) {
    case ChannelField::kSourceName:
      return source.name;
    case ChannelField::kSourceType:
      return source.type;
    case ChannelField::kSourceUrl:
      return source.url;
    case ChannelField::kMediaType:
      return catalog::to_string(batch_->media_type(row_));
    default:
      return batch_->text(channel_field, row_);
  }
}

void ChannelRecord::set(const catalog::FieldRef& field, std::string_view value) {
  if (field.is_attribute)
    batch_->set_attribute(row_, field.attribute, value);
  else
    batch_->set_text(static_cast<ChannelField>(field.index), row_, batch_->store(value));
}

}  // namespace m3u_proxy::channels
