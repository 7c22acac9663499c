// A stage of one's own whose output gives memory back: it implements MemoryCleanable, and the stage
// asks a MemoryCleanupCoordinator whether memory is short.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/cleanup.hpp>

#include "example_proxy.hpp"

namespace {

using m3u_proxy::Result;
using namespace m3u_proxy::memory;   // NOLINT(google-build-using-namespace): a program
using namespace m3u_proxy::service;  // NOLINT(google-build-using-namespace): a program

struct ProcessedItem {
  std::string name;
  std::string url;
};

/// The output of the stage, which knows what it can give up.
class CustomStageOutput final : public MemoryCleanable {
 public:
  std::vector<ProcessedItem> processed_data;
  std::map<std::string, std::string> metadata;
  std::vector<std::string> temp_references;

  std::size_t basic_cleanup() override {
    return clean(processed_data, CleanupStrategy::kBasic) +
           clean(metadata, CleanupStrategy::kBasic) +
           clean(temp_references, CleanupStrategy::kBasic);
  }
  std::size_t aggressive_cleanup() override {
    // What is not needed any more, or can be found again, goes.
    std::size_t items = temp_references.size();
    temp_references.clear();
    items += std::erase_if(
        metadata, [](const auto& entry) { return !entry.first.starts_with("essential_"); });
    return items + basic_cleanup();
  }
  [[nodiscard]] MemoryUsage memory_usage() const override {
    MemoryUsage usage = m3u_proxy::memory::memory_usage(processed_data);
    usage += m3u_proxy::memory::memory_usage(metadata);
    usage += m3u_proxy::memory::memory_usage(temp_references);
    return usage;
  }
};

class CustomStage {
 public:
  /// `threshold_mb`: the resident size from which memory is short.
  explicit CustomStage(double threshold_mb) : cleanup_coordinator_(true, threshold_mb) {}

  Result<CustomStageOutput> execute(std::string_view playlist) {
    CustomStageOutput output = process_data(playlist);
    M3U_TRY(const bool needed, cleanup_coordinator_.should_cleanup());
    if (needed) {
      m3u_proxy::log::info("example", "Memory pressure detected, applying cleanup");
      M3U_TRY(const CleanupStats stats,
              cleanup_coordinator_.cleanup_between_stages("custom_stage_processing", output,
                                                          CleanupStrategy::kAggressive));
      fmt::print("Cleaned {} items after '{}'\n", stats.items_cleaned, stats.stage);
    }
    return output;
  }

 private:
  static CustomStageOutput process_data(std::string_view playlist) {
    CustomStageOutput output;
    std::string name;
    while (!playlist.empty()) {
      const std::string_view line = playlist.substr(0, playlist.find('\n'));
      playlist.remove_prefix(std::min(line.size() + 1, playlist.size()));
      if (line.starts_with("#EXTINF")) {
        name = line.substr(line.rfind(',') + 1);
        output.temp_references.emplace_back(line);
      } else if (!line.empty() && !line.starts_with('#')) {
        output.metadata["origin_" + name] = line;
        output.processed_data.push_back({.name = name, .url = std::string(line)});
      }
    }
    output.metadata["essential_count"] = std::to_string(output.processed_data.size());
    return output;
  }

  MemoryCleanupCoordinator cleanup_coordinator_;
};

Result<> run(const std::filesystem::path& folder) {
  ProxyService service(StorageConfig::default_config());
  M3U_TRY(const auto config, example::example_proxy(service, folder));
  M3U_TRY(const auto generation,
          service.generate_proxy_with_config(config, GenerationOutput::kInMemory));

  // 1 MB: whatever the program does, memory is short, so that the cleanup is seen.
  for (const double threshold_mb : {256.0, 1.0}) {
    CustomStage stage(threshold_mb);
    M3U_TRY(const CustomStageOutput output, stage.execute(generation.playlist.view()));
    fmt::print("Threshold {:.0f}MB: {} items, {} of metadata, {} temporary references\n",
               threshold_mb, output.processed_data.size(), output.metadata.size(),
               output.temp_references.size());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) { return example::finish(run(example::input_folder(argc, argv))); }
