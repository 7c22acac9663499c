#include <m3u_proxy/channels/channel_record.hpp>
#include <m3u_proxy/channels/channel_value.hpp>

namespace m3u_proxy::channels {

using catalog::ChannelField;

std::string_view ChannelRecord::get(const catalog::FieldRef& field) const {
  return channel_value(*batch_, row_, sources_, field);
}

void ChannelRecord::set(const catalog::FieldRef& field, std::string_view value) {
  if (field.is_attribute)
    batch_->set_attribute(row_, field.attribute, value);
  else
    batch_->set_text(static_cast<ChannelField>(field.index), row_, batch_->store(value));
}

}  // namespace m3u_proxy::channels
