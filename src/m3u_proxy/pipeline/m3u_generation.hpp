// M3U Generation: the numbered channels as the text of the playlist.
#pragma once

#include <m3u_proxy/formats/m3u_writer.hpp>
#include <m3u_proxy/pipeline/native_strategy.hpp>
#include <m3u_proxy/pipeline/proxy_config.hpp>
#include <m3u_proxy/pipeline/stage_item.hpp>

namespace m3u_proxy::pipeline {

class M3uGenerationStrategy final : public NativeStrategy {
 public:
  /// `compare`: whether item.url_keys are wanted.
  M3uGenerationStrategy(const ResolvedProxyConfig& config, bool compare);

  [[nodiscard]] bool parallel() const override { return true; }
  /// Writes item.text and, where they are wanted, the keys of its addresses to item.url_keys.
  Result<> process(StageItem& item) override;

 private:
  formats::M3uWriterOptions options_;
  bool apply_shift_;
  bool compare_;
};

/// Brings tvg-ids into the form in which they are written, so that playlist and guide agree, and
/// gives channels without one their own id where the configuration asks for it. Has to run before
/// the guide hears of the channels.
void prepare_tvg_ids(const ResolvedProxyConfig& config, catalog::ChannelBatch& batch);
/// Whether this configuration writes channel ids anywhere.
bool needs_channel_ids(const ResolvedProxyConfig& config);

/// Counts the entries of a playlist's text and, where `keys` are wanted, fills them with those of
/// its addresses.
std::size_t count_entries(std::string_view text, std::vector<std::uint64_t>* keys);

/// The key by which a published address is recognised in the next run.
std::uint64_t url_key(std::string_view url);

}  // namespace m3u_proxy::pipeline
