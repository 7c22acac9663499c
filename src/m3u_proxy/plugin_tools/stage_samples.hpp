// StageSamples: chunks of every kind that a plugin may get in a stage, to check it with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/plugin_tools/chunks.hpp>

namespace m3u_proxy::plugin_tools {

using OwnedChunk = std::vector<std::uint8_t>;
using Chunks = std::vector<OwnedChunk>;

struct NamedChunks {
  std::string name;
  Chunks chunks;
};

struct StageSamples {
  std::vector<NamedChunks> kinds;  ///< empty, one row, many rows, odd texts
  Chunks usual;                    ///< several chunks of the usual size
  /// The same input cut in two ways.
  Chunks one_cut;
  Chunks other_cut;
};

/// Error: kInvalidArgument for a stage that there are no samples of; those of `input`.
Result<StageSamples> make_samples(plugins::PluginStage stage,
                                  const std::optional<std::filesystem::path>& input,
                                  memory::SlabPool& slabs);

/// Gives out chunks that there are already.
class ReadyChunks final : public ChunkSource {
 public:
  explicit ReadyChunks(const Chunks& chunks) : chunks_(chunks) {}
  Result<std::optional<Chunk>> next() override {
    if (next_ == chunks_.size()) return std::nullopt;
    return Chunk(chunks_[next_++]);
  }

 private:
  const Chunks& chunks_;
  std::size_t next_ = 0;
};

}  // namespace m3u_proxy::plugin_tools
