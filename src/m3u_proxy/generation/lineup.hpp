// LineupSink: hears of the channels of a generation in the order in which they are written: what an
// index, a lineup of a device or an explanation is made of.
//
// A generation without one computes nothing for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/channels/channel_item.hpp>
#include <m3u_proxy/channels/source_info.hpp>
#include <m3u_proxy/channels/touched.hpp>

namespace m3u_proxy::generation {

/// What the numbers of a LineupChannel stand for. Valid until the generation is over.
struct LineupInfo {
  std::string_view proxy;
  std::span<const channels::SourceInfo> sources;
  std::span<const std::string> rules;    ///< names, in their order
  std::span<const std::string> filters;  ///< names, in their order
};

/// One channel as the playlist has it; its texts are valid during LineupSink::add().
struct LineupChannel {
  Uuid id;
  std::string_view number;
  std::string_view name;
  std::string_view group;
  std::string_view logo;
  std::string_view guide_id;    ///< tvg-id as it is written, a shifted one in its written form
  std::string_view stream_url;  ///< of the source, whatever the playlist's addresses point to
  std::uint16_t source = 0;     ///< index into LineupInfo::sources
  std::span<const std::string_view> directives;
  std::span<const std::uint16_t> rules;    ///< those that changed it
  std::span<const std::uint16_t> filters;  ///< those that let it in or, meanwhile, out
};

/// Some channels in their order.
class LineupBatch {
 public:
  /// `written`: one a row, 0 where the playlist could not hold it; empty: all rows are written.
  LineupBatch(const catalog::ChannelBatch& channels, std::span<const std::uint8_t> written,
              const channels::Touched& touched)
      : channels_(&channels), written_(written), touched_(&touched) {}

  /// The rows of channels(), of which those that are not written are no part of the lineup.
  [[nodiscard]] std::size_t rows() const { return channels_->rows(); }
  [[nodiscard]] bool is_written(std::size_t row) const {
    return written_.empty() || written_[row] != 0;
  }
  [[nodiscard]] LineupChannel at(std::size_t row) const {
    using enum catalog::ChannelField;
    return {.id = channels_->id(row),
            .number = channels_->text(kTvgChno, row),
            .name = channels_->text(kChannelName, row),
            .group = channels_->text(kGroupTitle, row),
            .logo = channels_->text(kTvgLogo, row),
            .guide_id = channels_->text(kTvgId, row),
            .stream_url = channels_->text(kStreamUrl, row),
            .source = channels_->source(row),
            .directives = channels_->directives(row),
            .rules = touched_->rules(row),
            .filters = touched_->filters(row)};
  }
  /// All there is about them.
  [[nodiscard]] const catalog::ChannelBatch& channels() const { return *channels_; }

 private:
  const catalog::ChannelBatch* channels_;
  std::span<const std::uint8_t> written_;
  const channels::Touched* touched_;
};

/// Called by one thread at a time, prepare() apart. What plugins do to the written text is not in
/// it.
class LineupSink {
 public:
  LineupSink() = default;
  LineupSink(const LineupSink&) = delete;
  LineupSink& operator=(const LineupSink&) = delete;
  virtual ~LineupSink() = default;

  /// Before the first channel; once more, for all channels anew, where a generation begins again
  /// because memory was short.
  virtual Result<> begin(const LineupInfo& info) = 0;
  /// Does with a batch what needs no order, for add(). Called by several threads at once, each with
  /// a batch of its own, in any order. `part` is nullptr, or what was made of an earlier batch and
  /// is not needed any more.
  virtual Result<> prepare(const LineupBatch& /*batch*/,
                           std::unique_ptr<channels::ItemPart>& /*part*/) {
    return {};
  }
  /// The next channels, in output order, and what prepare() left in `part` for just these. An error
  /// ends the generation: nothing is published.
  virtual Result<> add(const LineupBatch& batch, const channels::ItemPart* part) = 0;
  /// Both, for those who have one batch after the other.
  Result<> add(const LineupBatch& batch) {
    std::unique_ptr<channels::ItemPart> part;
    M3U_CHECK(prepare(batch, part));
    return add(batch, part.get());
  }
};

}  // namespace m3u_proxy::generation
