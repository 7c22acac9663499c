#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

std::string_view to_string(Stage stage) {
  static constexpr std::array<std::string_view, kStageCount> kNames = {
      "Source Loading",    "Data Mapping",   "Filtering",     "Logo Caching",
      "Channel Numbering", "M3U Generation", "EPG Generation"};
  return kNames[static_cast<std::size_t>(stage)];
}

StageItem::StageItem(memory::SlabPool& slabs)
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

}  // namespace m3u_proxy::pipeline
