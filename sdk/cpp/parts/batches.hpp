// ChannelBatch and ProgrammeBatch: a chunk as it came in.
#pragma once

#include "column.hpp"
#include "fields.hpp"

namespace m3u {

/// A chunk of channels as it came in. All it gives are views into the frame.
class ChannelBatch {
 public:
  static constexpr uint32_t kColumns = 9;
  using Field = ChannelField;

  ChannelBatch(const void* frame, size_t size) : frame_{static_cast<const char*>(frame), size} {
    const detail::Table root = detail::Table::root(frame);
    rows_ = root.number(0);
    const auto text = root.vector<char>(10);
    text_ = {text.items, text.size};
    const auto columns = root.vector<uint8_t>(1);  // of references, four bytes each
    for (uint32_t i = 0; i < kColumns; ++i)
      columns_[i] = {text.items, detail::offsets_of(columns.items + size_t{4} * i)};
    source_ = root.vector<uint16_t>(2);
    media_type_ = root.vector<uint8_t>(3);
    channel_id_ = root.vector<uint8_t>(4);
    attribute_first_ = root.vector<uint32_t>(5);
    keys_ = {text.items, detail::offsets_of(root.field(6))};
    values_ = {text.items, detail::offsets_of(root.field(7))};
    directive_first_ = root.vector<uint32_t>(8);
    directives_ = {text.items, detail::offsets_of(root.field(9))};
  }

  [[nodiscard]] uint32_t rows() const { return rows_; }
  [[nodiscard]] Text text(ChannelField field, uint32_t row) const { return column(field)[row]; }
  [[nodiscard]] const Column& column(ChannelField field) const {
    return columns_[static_cast<uint32_t>(field)];
  }
  [[nodiscard]] Text name(uint32_t row) const { return text(Field::kChannelName, row); }
  [[nodiscard]] Text tvg_id(uint32_t row) const { return text(Field::kTvgId, row); }
  [[nodiscard]] Text tvg_name(uint32_t row) const { return text(Field::kTvgName, row); }
  [[nodiscard]] Text tvg_logo(uint32_t row) const { return text(Field::kTvgLogo, row); }
  [[nodiscard]] Text tvg_shift(uint32_t row) const { return text(Field::kTvgShift, row); }
  [[nodiscard]] Text number(uint32_t row) const { return text(Field::kTvgChno, row); }
  [[nodiscard]] Text group(uint32_t row) const { return text(Field::kGroupTitle, row); }
  [[nodiscard]] Text url(uint32_t row) const { return text(Field::kStreamUrl, row); }
  [[nodiscard]] Text duration(uint32_t row) const { return text(Field::kDuration, row); }
  /// Index into the context's sources.
  [[nodiscard]] uint16_t source(uint32_t row) const { return source_.items[row]; }
  [[nodiscard]] MediaType media_type(uint32_t row) const {
    return static_cast<MediaType>(media_type_.items[row]);
  }
  /// The channel's 16 bytes, or nothing where ids are not needed.
  [[nodiscard]] Text id(uint32_t row) const {
    if (channel_id_.size == 0) return {};
    return {reinterpret_cast<const char*>(channel_id_.items) + size_t{16} * row, 16};
  }

  /// The attributes of row i are attribute(attributes_begin(i)) … up to attributes_begin(i + 1).
  [[nodiscard]] uint32_t attributes_begin(uint32_t row) const {
    return attribute_first_.items[row];
  }
  [[nodiscard]] Attribute attribute(uint32_t index) const { return {keys_[index], values_[index]}; }
  /// The value of an attribute, its key compared without case; empty when there is none.
  [[nodiscard]] Text attribute(uint32_t row, Text key) const {
    for (uint32_t i = attributes_begin(row); i < attributes_begin(row + 1); ++i)
      if (equals_ascii_case(keys_[i], key)) return values_[i];
    return {};
  }
  /// The lines of row i are directive(directives_begin(i)) … up to directives_begin(i + 1).
  [[nodiscard]] uint32_t directives_begin(uint32_t row) const {
    return directive_first_.items[row];
  }
  [[nodiscard]] Text directive(uint32_t index) const { return directives_[index]; }

  /// The whole frame and its text.
  [[nodiscard]] Text frame() const { return frame_; }
  [[nodiscard]] Text text() const { return text_; }

 private:
  friend class ChannelEditor;
  Text frame_;
  Text text_;
  uint32_t rows_ = 0;
  Column columns_[kColumns];
  detail::Vector<uint16_t> source_;
  detail::Vector<uint8_t> media_type_;
  detail::Vector<uint8_t> channel_id_;
  detail::Vector<uint32_t> attribute_first_;
  Column keys_;
  Column values_;
  detail::Vector<uint32_t> directive_first_;
  Column directives_;
};

/// A chunk of programmes as it came in. All it gives are views into the frame.
class ProgrammeBatch {
 public:
  static constexpr uint32_t kColumns = 13;
  /// The origin of a row that is new.
  static constexpr uint32_t kNew = 0xffffffff;
  using Field = ProgrammeField;

  ProgrammeBatch(const void* frame, size_t size) : frame_{static_cast<const char*>(frame), size} {
    const detail::Table root = detail::Table::root(frame);
    rows_ = root.number(0);
    const auto text = root.vector<char>(4);
    text_ = {text.items, text.size};
    const auto columns = root.vector<uint8_t>(1);
    for (uint32_t i = 0; i < kColumns; ++i)
      columns_[i] = {text.items, detail::offsets_of(columns.items + size_t{4} * i)};
    origin_ = root.vector<uint32_t>(2);
    source_ = root.vector<uint16_t>(3);
  }

  [[nodiscard]] uint32_t rows() const { return rows_; }
  [[nodiscard]] Text text(ProgrammeField field, uint32_t row) const { return column(field)[row]; }
  [[nodiscard]] const Column& column(ProgrammeField field) const {
    return columns_[static_cast<uint32_t>(field)];
  }
  [[nodiscard]] Text channel_id(uint32_t row) const { return text(Field::kChannelId, row); }
  [[nodiscard]] Text title(uint32_t row) const { return text(Field::kTitle, row); }
  [[nodiscard]] Text description(uint32_t row) const { return text(Field::kDescription, row); }
  [[nodiscard]] Text category(uint32_t row) const { return text(Field::kCategory, row); }
  [[nodiscard]] Text start(uint32_t row) const { return text(Field::kStart, row); }
  [[nodiscard]] Text stop(uint32_t row) const { return text(Field::kStop, row); }
  /// The whole <programme> element.
  [[nodiscard]] Text element(uint32_t row) const { return text(Field::kElement, row); }
  /// Which row this is of all that were given since begin(), from 0.
  [[nodiscard]] uint32_t origin(uint32_t row) const { return origin_.items[row]; }
  /// Index of the EPG source.
  [[nodiscard]] uint16_t source(uint32_t row) const { return source_.items[row]; }

  [[nodiscard]] Text frame() const { return frame_; }
  [[nodiscard]] Text text() const { return text_; }

 private:
  friend class ProgrammeEditor;
  Text frame_;
  Text text_;
  uint32_t rows_ = 0;
  Column columns_[kColumns];
  detail::Vector<uint32_t> origin_;
  detail::Vector<uint16_t> source_;
};

}  // namespace m3u
