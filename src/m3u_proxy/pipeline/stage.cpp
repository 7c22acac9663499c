#include <array>

#include <m3u_proxy/pipeline/stage.hpp>

namespace m3u_proxy::pipeline {

std::string_view to_string(Stage stage) {
  static constexpr std::array<std::string_view, kStageCount> kNames = {
      "Source Loading",    "Data Mapping",   "Filtering",     "Logo Caching",
      "Channel Numbering", "M3U Generation", "EPG Generation"};
  return kNames[static_cast<std::size_t>(stage)];
}

}  // namespace m3u_proxy::pipeline
