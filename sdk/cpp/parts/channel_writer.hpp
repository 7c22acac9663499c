// ChannelWriter: making a chunk of channels row by row.
#pragma once

#include "frame_parts.hpp"

namespace m3u {

/// Makes a chunk of channels row by row: rows of any chunks in any order, new ones, or both. What
/// follows add() and add_new() is about that row. Texts must live until the chunk is given; store()
/// keeps a copy.
class ChannelWriter {
 public:
  [[nodiscard]] uint32_t rows() const { return static_cast<uint32_t>(source_.size()); }
  [[nodiscard]] bool empty() const { return rows() == 0; }

  /// A row as it came in; `from` must live until the chunk is given.
  void add(const ChannelBatch& from, uint32_t row) {
    start();
    for (uint32_t i = 0; i < ChannelBatch::kColumns; ++i)
      columns_[i].push_back(from.text(static_cast<ChannelField>(i), row));
    source_.push_back(from.source(row));
    media_type_.push_back(static_cast<uint8_t>(from.media_type(row)));
    add_id(from.id(row));
    close();
    for (uint32_t i = from.directives_begin(row); i < from.directives_begin(row + 1); ++i)
      add_directive(from.directive(i));
    for (uint32_t i = from.attributes_begin(row); i < from.attributes_begin(row + 1); ++i)
      add_attribute(from.attribute(i));
  }
  /// An empty row; the host makes its id.
  void add_new(uint16_t source) {
    start();
    for (Array<Text>& column : columns_) column.push_back({});
    source_.push_back(source);
    media_type_.push_back(0);
    add_id({});
    close();
  }
  void set(ChannelField field, Text value) {
    columns_[static_cast<uint32_t>(field)].back() = value;
  }
  [[nodiscard]] Text text(ChannelField field) {
    return columns_[static_cast<uint32_t>(field)].back();
  }
  void set_media_type(MediaType type) { media_type_.back() = static_cast<uint8_t>(type); }
  /// Sets or adds an attribute, its key compared without case; an empty value removes it.
  void set_attribute(Text key, Text value) {
    const uint32_t first = attribute_first_[rows() - 1];
    for (size_t i = first; i < keys_.size(); ++i) {
      if (!equals_ascii_case(keys_[i], key)) continue;
      if (value.empty()) {
        remove_attribute(i);
      } else {
        values_[i] = value;
      }
      return;
    }
    if (!value.empty()) add_attribute({key, value});
  }
  void add_attribute(Attribute attribute) {
    keys_.push_back(attribute.key);
    values_.push_back(attribute.value);
    attribute_first_.back() = static_cast<uint32_t>(keys_.size());
  }
  void add_directive(Text line) {
    directives_.push_back(line);
    directive_first_.back() = static_cast<uint32_t>(directives_.size());
  }
  Text store(Text text) { return arena_.store(text); }
  /// Drops all rows and what was stored.
  void clear() { *this = ChannelWriter(); }

  /// The frame, as a block for Output.
  detail::Block build() {
    start();
    return detail::build(detail::ChannelParts{
        rows(),
        {},
        {lists(0), lists(1), lists(2), lists(3), lists(4), lists(5), lists(6), lists(7), lists(8)},
        source_,
        media_type_,
        channel_id_,
        attribute_first_,
        detail::TextList(keys_),
        detail::TextList(values_),
        directive_first_,
        detail::TextList(directives_)});
  }

 private:
  [[nodiscard]] detail::TextList lists(uint32_t column) const {
    return detail::TextList(columns_[column]);
  }
  /// The lists of rows begin at 0.
  void start() {
    if (!attribute_first_.empty()) return;
    attribute_first_.push_back(0);
    directive_first_.push_back(0);
  }
  void close() {
    attribute_first_.push_back(static_cast<uint32_t>(keys_.size()));
    directive_first_.push_back(static_cast<uint32_t>(directives_.size()));
  }
  /// There are no ids until a row has one; rows without one have 16 zero bytes.
  void add_id(Text id) {
    if (id.empty() && channel_id_.empty()) return;
    channel_id_.resize(size_t{16} * (rows() - 1));
    uint8_t* const bytes = channel_id_.extend(16);
    if (id.empty())
      __builtin_memset(bytes, 0, 16);
    else
      __builtin_memcpy(bytes, id.data(), 16);
  }
  void remove_attribute(size_t index) {
    for (size_t i = index + 1; i < keys_.size(); ++i) {
      keys_[i - 1] = keys_[i];
      values_[i - 1] = values_[i];
    }
    keys_.resize(keys_.size() - 1);
    values_.resize(values_.size() - 1);
    attribute_first_.back() = static_cast<uint32_t>(keys_.size());
  }

  Array<Text> columns_[ChannelBatch::kColumns];
  Array<uint16_t> source_;
  Array<uint8_t> media_type_;
  Array<uint8_t> channel_id_;
  Array<uint32_t> attribute_first_;
  Array<Text> keys_;
  Array<Text> values_;
  Array<uint32_t> directive_first_;
  Array<Text> directives_;
  Arena arena_;
};

}  // namespace m3u
