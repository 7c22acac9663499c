#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/jobs/inspection.hpp>
#include <m3u_proxy/jobs/replies/reply_reader.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::size_t kRows = 1000;

/// A hash of a set that does not depend on the order: the sum of its members' hashes.
class SetHash {
 public:
  void add(const void* bytes, std::size_t size) {
    const XXH128_hash_t hash = XXH3_128bits(bytes, size);
    low_ += hash.low64;
    high_ += hash.high64;
  }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}{:016x}", high_, low_); }

 private:
  std::uint64_t low_ = 0;
  std::uint64_t high_ = 0;
};

/// The channels that a guide has programmes of.
class GuideChannels {
 public:
  GuideChannels(memory::Budget& budget, spill::SpillSpace* spill) : seen_(budget, spill) {}

  Result<> add(std::string_view id) {
    const spill::Key128 key = spill::key_of(id);
    if (key == last_) return {};  // they come together mostly
    last_ = key;
    M3U_TRY(const bool is_new, seen_.insert(key));
    if (is_new) set_.add(id.data(), id.size());
    return {};
  }
  [[nodiscard]] std::string set() const { return set_.text(); }

 private:
  spill::KeySet seen_;
  spill::Key128 last_{};
  SetHash set_;
};

}  // namespace

Result<Inspection> inspect_playlist(io::ByteSource& source, const Uuid& id, memory::SlabPool& slabs,
                                    const CancelToken& cancel) {
  return memory::guarded([&]() -> Result<Inspection> {
    formats::M3uSplitter splitter(slabs, kRows);
    formats::M3uSource playlist;
    playlist.id = id;
    playlist.with_ids = true;
    ProblemLog problems;
    M3U_TRY(playlist.header, formats::begin_m3u(splitter, source, problems));
    Inspection found;
    SetHash channels;
    while (true) {
      if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "the refresh was cancelled");
      M3U_TRY(const formats::M3uChunk chunk, splitter.next(source, problems));
      if (chunk.text.empty()) break;
      catalog::ChannelBatch batch(slabs);
      (void)formats::parse_m3u(chunk, playlist, batch, problems);
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        const Uuid channel = batch.id(row);
        channels.add(channel.bytes.data(), channel.bytes.size());
      }
      found.items += batch.rows();
    }
    if (found.items == 0) return fail(ErrorCode::kParse, "the playlist has no channels");
    found.channel_set = channels.text();
    return found;
  });
}

Result<Inspection> inspect_guide(io::ByteSource& source, memory::Budget& budget,
                                 spill::SpillSpace* spill, const CancelToken& cancel) {
  return memory::guarded([&]() -> Result<Inspection> {
    Inspection found;
    GuideChannels channels(budget, spill);
    const auto count = [&](std::string_view id) -> Result<bool> {
      ++found.items;
      M3U_CHECK(channels.add(id));
      return true;
    };
    M3U_CHECK(read_programmes(source, budget, cancel, count));
    if (found.items == 0) return fail(ErrorCode::kParse, "the guide has no programmes");
    found.channel_set = channels.set();
    return found;
  });
}

Result<Inspection> inspect_by_plugin(const config::SourceConfig& source, runtime::Run& run) {
  config::Configuration configuration;
  configuration.sources.push_back(source);
  config::ProxyConfig proxy;
  proxy.name = source.name;
  proxy.sources.push_back(source.name);
  M3U_TRY(const auto resolved, runtime::resolve(configuration, proxy, run));
  M3U_TRY(const generation::PreviewResult read, run.preview(resolved, 0));
  if (read.evaluated == 0) return fail(ErrorCode::kParse, "the plugin found no channels in it");
  return Inspection{.items = read.evaluated};
}

}  // namespace m3u_proxy::jobs
