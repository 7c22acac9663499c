// What m3u_info gives, read with distrust.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/plugins/manifest.hpp>

namespace m3u_proxy::plugins {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestInfo = 65536;
/// A 32-bit memory has no more.
constexpr std::uint64_t kMostHeapMb = 4096;

std::unexpected<Error> wrong(std::string what) {
  return fail(ErrorCode::kParse, "the plugin's info: " + std::move(what),
              "see PluginInfo in docs/plugin-abi.md");
}

Result<std::string> text_member(const Json& object, const char* key, bool required) {
  const auto found = object.find(key);
  if (found == object.end()) {
    if (required) return wrong(fmt::format("\"{}\" is missing", key));
    return std::string();
  }
  if (!found->is_string()) return wrong(fmt::format("\"{}\" is not a text", key));
  auto text = found->get<std::string>();
  if (required && text.empty()) return wrong(fmt::format("\"{}\" is empty", key));
  return text;
}

Result<std::uint64_t> size_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return 0;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > kMostHeapMb)
    return wrong(fmt::format("\"{}\" is not a whole number of MB from 0 to {}", key, kMostHeapMb));
  return found->get<std::uint64_t>();
}

Result<bool> flag_member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) return wrong(fmt::format("\"{}\" is not true or false", key));
  return found->get<bool>();
}

Result<std::vector<PluginStage>> stages_member(const Json& object) {
  const auto found = object.find("supported_stages");
  if (found == object.end() || !found->is_array() || found->empty())
    return wrong("\"supported_stages\" is not a list of at least one stage");
  std::vector<PluginStage> stages;
  for (const Json& item : *found) {
    const std::string name = item.is_string() ? item.get<std::string>() : item.dump();
    const auto stage = item.is_string() ? find_stage(name) : std::nullopt;
    if (!stage)
      return wrong(fmt::format("\"{}\" in \"supported_stages\" is none of {}", excerpt(name),
                               fmt::join(kPluginStageNames, ", ")));
    if (std::ranges::find(stages, *stage) != stages.end())
      return wrong(fmt::format("\"supported_stages\" lists \"{}\" twice", name));
    stages.push_back(*stage);
  }
  return stages;
}

Result<MemoryRequirements> memory_member(const Json& object) {
  const auto found = object.find("memory_requirements");
  if (found == object.end() || !found->is_object())
    return wrong("\"memory_requirements\" is not an object");
  MemoryRequirements memory;
  M3U_TRY(memory.min_heap_mb, size_member(*found, "min_heap_mb"));
  M3U_TRY(memory.max_heap_mb, size_member(*found, "max_heap_mb"));
  M3U_TRY(memory.supports_streaming, flag_member(*found, "supports_streaming"));
  M3U_TRY(memory.supports_compression, flag_member(*found, "supports_compression"));
  if (found->contains("max_heap_mb") && memory.max_heap_mb < memory.min_heap_mb)
    return wrong("\"max_heap_mb\" is below \"min_heap_mb\"");
  return memory;
}

}  // namespace

Result<PluginInfo> parse_info(std::string_view json) {
  if (json.size() > kLargestInfo) return wrong("it is larger than 64 KB");
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return wrong("it is not a JSON object");
  PluginInfo info;
  M3U_TRY(info.name, text_member(object, "name", true));
  M3U_TRY(info.version, text_member(object, "version", true));
  M3U_TRY(info.author, text_member(object, "author", false));
  M3U_TRY(info.description, text_member(object, "description", false));
  M3U_TRY(info.license, text_member(object, "license", false));
  M3U_TRY(info.supported_stages, stages_member(object));
  M3U_TRY(info.memory_requirements, memory_member(object));
  return info;
}

}  // namespace m3u_proxy::plugins
