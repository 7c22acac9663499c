#include <m3u_proxy/channels/channel_item.hpp>

namespace m3u_proxy::channels {

ChannelItem::ChannelItem(memory::SlabPool& slabs)
    : batch(slabs),
      frame(slabs.budget()),
      packer(slabs.budget()),
      byte_resource(slabs.budget(), memory::Tag::kBatch),
      packed_bytes(&byte_resource),
      spool_bytes(&byte_resource),
      plugin_bytes(&byte_resource),
      plugin_spare(&byte_resource),
      text_resource(slabs.budget(), memory::Tag::kOutput),
      text(&text_resource) {}

void ChannelItem::clear() {
  chunk = {};
  source = nullptr;
  batch.clear();
  problems.clear();
  rule_counts = {};
  filter_counts = {};
  items_out = {};
  text.clear();
  url_keys.clear();
  written.clear();
}

}  // namespace m3u_proxy::channels
