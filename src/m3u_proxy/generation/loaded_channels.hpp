// Loaded channels: what a proxy's sources give, before any rule, batch by batch and in one thread:
// for previews and explanations.
#pragma once

#include <memory>
#include <span>

#include <m3u_proxy/channels/source_loading.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>
#include <m3u_proxy/generation/stage_plugins.hpp>

namespace m3u_proxy::generation {

/// `config` and `context` outlive it.
class LoadedChannels {
 public:
  LoadedChannels(const ResolvedProxyConfig& config, const pipeline::RunContext& context,
                 bool with_ids)
      : config_(config),
        context_(context),
        reader_(context, config.sources, with_ids),
        duplicates_(context, reader_),
        item_(*context.slabs) {}

  /// Starts the plugins that sources need; before the first next(). Errors: a plugin's.
  Result<> begin();
  /// Reads the next batch, whose channels are parsed and each there once; false at the end. A
  /// source that fails is logged and the others go on. Errors: kOverBudget, kCancelled.
  Result<bool> next();

  /// The batch that next() read.
  channels::ChannelItem& item() { return item_; }
  [[nodiscard]] std::span<const channels::SourceInfo> sources() const { return reader_.infos(); }
  /// The error of the first source when all failed.
  [[nodiscard]] std::optional<Error> total_failure() const { return reader_.total_failure(); }

 private:
  const ResolvedProxyConfig& config_;
  const pipeline::RunContext& context_;
  std::unique_ptr<StagePlugins> plugins_;  ///< nullptr: none; outlives the reader
  channels::SourceReader reader_;
  channels::SourceLoadingStrategy parse_;
  channels::DuplicateFilter duplicates_;
  channels::ChannelItem item_;
};

}  // namespace m3u_proxy::generation
