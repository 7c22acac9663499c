// FrameView: single values of a batch frame, read where they are, for code that looks through many
// frames for a few columns and needs no batch of them.
//
// Nothing is checked in advance but the structure; what a value's offsets say is checked when it is
// read, so a frame that was not written as it should be gives empty values, never memory that is
// not its own. Texts may be invalid UTF-8 then.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::catalog {

/// Immutable once it is opened; its values are views into the frame.
class FrameView {
 public:
  /// Looks at `bytes`, which have to stay. Error: kParse when they are no frame.
  Result<> open(FrameBytes bytes);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// One of ChannelBatch's text columns.
  [[nodiscard]] std::string_view text(std::size_t column, std::size_t row) const {
    return value(columns_[column], row);
  }
  [[nodiscard]] std::string_view text(ChannelField field, std::size_t row) const {
    return text(static_cast<std::size_t>(field), row);
  }
  [[nodiscard]] std::uint16_t source(std::size_t row) const { return source_[row]; }
  [[nodiscard]] MediaType media_type(std::size_t row) const;
  /// The nil id where the frame has none.
  [[nodiscard]] Uuid id(std::size_t row) const;
  /// As ChannelBatch::attribute().
  [[nodiscard]] std::string_view attribute(std::size_t row, std::string_view key) const;

 private:
  static constexpr std::size_t kColumns = ChannelBatch::kTextColumns;
  using Offsets = std::span<const std::uint32_t>;
  [[nodiscard]] std::string_view value(Offsets offsets, std::size_t index) const {
    const std::uint32_t begin = offsets[index];
    const std::uint32_t end = offsets[index + 1];
    if (begin > end || end > text_.size()) return {};
    return {text_.data() + begin, end - begin};
  }

  std::size_t rows_ = 0;
  std::string_view text_;
  std::array<Offsets, ChannelBatch::kTextColumns> columns_;
  std::span<const std::uint16_t> source_;
  std::span<const std::uint8_t> media_type_;
  std::span<const std::uint8_t> id_;
  Offsets attribute_first_;
  Offsets attribute_keys_;
  Offsets attribute_values_;
};

}  // namespace m3u_proxy::catalog
