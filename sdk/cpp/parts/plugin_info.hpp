// What a plugin says of itself, and what a call may come to.
#pragma once

#include "host.hpp"

namespace m3u {

enum class Stage : uint8_t {
  kNone,
  kSourceLoading,
  kDataMapping,
  kFiltering,
  kChannelNumbering,
  kM3uGeneration,
  kEpg,
};
constexpr uint32_t kStages = 7;

constexpr Text stage_name(Stage stage) {
  constexpr Text kNames[kStages] = {"",          "source_loading",    "data_mapping",
                                    "filtering", "channel_numbering", "m3u_generation",
                                    "epg"};
  return kNames[static_cast<uint32_t>(stage)];
}
constexpr Stage stage_of(Text name) {
  for (uint32_t i = 1; i < kStages; ++i)
    if (stage_name(static_cast<Stage>(i)) == name) return static_cast<Stage>(i);
  return Stage::kNone;
}

struct MemoryRequirements {
  uint32_t min_heap_mb = 1;
  uint32_t max_heap_mb = 16;
  /// Each chunk is answered with all that becomes of it. Without it all comes from finalize().
  bool supports_streaming = true;
  bool supports_compression = false;
};

/// What the host shows and chooses by; name and version are those of the manifest.
struct PluginInfo {
  Text name;
  Text version;
  Text author = {};
  Text description = {};
  Text license = {};
  Stage supported_stages[kStages] = {};
  MemoryRequirements memory_requirements = {};
};

enum class Result : int32_t {
  kBatch = 0,   // something is in the output
  kNone = 1,    // nothing to give for this call
  kDone = 2,    // of finalize() only: there is nothing more
  kError = -1,  // see fail()
};

/// Says why, and that this call failed: `return m3u::fail("no such file");`
inline Result fail(Text reason) {
  host::log(LogLevel::kError, reason);
  return Result::kError;
}

}  // namespace m3u
