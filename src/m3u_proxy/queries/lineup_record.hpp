// LineupRecord: a channel of a lineup's frame as expressions see it; read only.
#pragma once

#include <span>

#include <m3u_proxy/catalog/frame_view.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::queries {

/// select() moves it to another row. Not thread-safe. What it is made of outlives it.
class LineupRecord final : public rules::Record {
 public:
  LineupRecord(const catalog::FrameView& frame, std::span<const channels::SourceInfo> sources)
      : frame_(&frame), sources_(sources) {}

  void select(std::size_t row) { row_ = row; }
  [[nodiscard]] std::string_view get(const catalog::FieldRef& field) const override;
  /// Does nothing: what was published stays as it is.
  void set(const catalog::FieldRef& /*field*/, std::string_view /*value*/) override {}

 private:
  const catalog::FrameView* frame_;
  std::span<const channels::SourceInfo> sources_;
  std::size_t row_ = 0;
};

}  // namespace m3u_proxy::queries
