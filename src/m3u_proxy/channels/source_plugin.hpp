// SourcePlugin: a plugin that reads one source in a format of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/channels/channel_item.hpp>

namespace m3u_proxy::channels {

class SourcePlugin {
 public:
  SourcePlugin() = default;
  SourcePlugin(const SourcePlugin&) = delete;
  SourcePlugin& operator=(const SourcePlugin&) = delete;
  virtual ~SourcePlugin() = default;
  /// Takes the next bytes and puts the rows that they complete into item.batch (maybe none), with
  /// keys and, where needed, ids. Errors: kPlugin; those that end a job.
  virtual Result<> read(std::string_view bytes, ChannelItem& item) = 0;
  /// After the last bytes: what is left; false at the end.
  virtual Result<bool> finish(ChannelItem& item) = 0;
  /// When it fails, the source is to be read as a playlist, from its start: it gave no rows before
  /// all were there.
  [[nodiscard]] virtual bool replaceable() const = 0;
};

/// Makes the reader of a source, by its place among them, whose configuration names `plugin`.
/// Errors: kPlugin, kOverBudget.
using OpenSourcePlugin = std::function<Result<std::unique_ptr<SourcePlugin>>(
    const std::string& plugin, std::uint16_t source)>;

}  // namespace m3u_proxy::channels
