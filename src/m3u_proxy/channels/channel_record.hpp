// ChannelRecord: a row of a batch as expressions see it.
#pragma once

#include <span>

#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::channels {

/// Reads and writes one row; select() moves it to another. Not thread-safe.
class ChannelRecord final : public rules::Record {
 public:
  /// `sources`: by the batch's source index.
  ChannelRecord(catalog::ChannelBatch& batch, std::span<const SourceInfo> sources)
      : batch_(&batch), sources_(sources) {}

  void select(std::size_t row) { row_ = row; }
  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override;
  void set(const catalog::FieldRef& field, std::string_view value) override;

 private:
  catalog::ChannelBatch* batch_;
  std::span<const SourceInfo> sources_;
  std::size_t row_ = 0;
};

}  // namespace m3u_proxy::channels
