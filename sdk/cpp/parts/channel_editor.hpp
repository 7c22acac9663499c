// ChannelEditor: changing a chunk of channels.
#pragma once

#include "editor.hpp"

namespace m3u {

/// Changes a chunk of channels: sets values, drops rows, and keeps everything else.
class ChannelEditor : public detail::Editor<ChannelBatch> {
 public:
  using Editor::Editor;

  void set_media_type(uint32_t row, MediaType type) {
    if (media_type_.empty()) {
      if (batch_.media_type(row) == type) return;
      media_type_.append(batch_.media_type_.items, rows());
    }
    media_type_[row] = static_cast<uint8_t>(type);
  }

  /// Sets or adds an attribute of any row, its key compared without case; an empty value removes
  /// it. Both texts must live until the chunk is given.
  void set_attribute(uint32_t row, Text key, Text value) {
    if (lists_.empty()) read_attributes();
    List& list = lists_[row];
    for (uint32_t i = 0; i < list.count; ++i) {
      Attribute* const attribute = &attributes_[list.first + i];
      if (!equals_ascii_case(attribute->key, key)) continue;
      attribute->value = value;
      if (!value.empty()) return;
      for (--list.count; i < list.count; ++i)
        attributes_[list.first + i] = attributes_[list.first + i + 1];
      return;
    }
    if (!value.empty()) add_attribute(list, {key, value});
  }

  /// Whether the chunk is as it came.
  [[nodiscard]] bool unchanged() const {
    return !any_set() && dropped_.empty() && media_type_.empty() && lists_.empty();
  }

  /// The frame, as a block for Output.
  detail::Block build() const {
    if (!dropped_.empty()) return build_kept();
    Array<uint32_t> first;
    Array<Text> keys;
    Array<Text> values;
    Array<detail::Run> all;
    all.push_back({0, rows()});
    if (!lists_.empty()) gather(all, first, keys, values);
    const bool own = !lists_.empty();
    return detail::build(detail::ChannelParts{
        rows(),
        batch_.text(),
        {list(0), list(1), list(2), list(3), list(4), list(5), list(6), list(7), list(8)},
        batch_.source_,
        media_type_.empty() ? detail::Numbers(batch_.media_type_) : detail::Numbers(media_type_),
        batch_.channel_id_,
        own ? detail::Numbers(first) : detail::Numbers(batch_.attribute_first_),
        own ? detail::TextList(keys) : detail::TextList(batch_.keys_),
        own ? detail::TextList(values) : detail::TextList(batch_.values_),
        batch_.directive_first_,
        detail::TextList(batch_.directives_)});
  }

 private:
  struct List {
    uint32_t first;
    uint32_t count;
  };

  void read_attributes() {
    lists_.reserve(rows());
    for (uint32_t row = 0; row < rows(); ++row) {
      const uint32_t first = batch_.attributes_begin(row);
      lists_.push_back({first, batch_.attributes_begin(row + 1) - first});
    }
    const uint32_t count = batch_.keys_.size();
    attributes_.reserve(count + rows());
    for (uint32_t i = 0; i < count; ++i) attributes_.push_back(batch_.attribute(i));
  }
  /// A row's list can grow at the end only: it moves there.
  void add_attribute(List& list, Attribute attribute) {
    if (list.first + list.count != attributes_.size()) {
      const uint32_t old = list.first;
      list.first = static_cast<uint32_t>(attributes_.size());
      for (uint32_t i = 0; i < list.count; ++i) {
        const Attribute moved = attributes_[old + i];
        attributes_.push_back(moved);
      }
    }
    attributes_.push_back(attribute);
    ++list.count;
  }
  void gather(const Array<detail::Run>& rows, Array<uint32_t>& first, Array<Text>& keys,
              Array<Text>& values) const {
    first.push_back(0);
    for (const detail::Run run : rows) {
      for (uint32_t row = run.first; row < run.end; ++row) {
        const List list = lists_[row];
        for (uint32_t i = list.first; i < list.first + list.count; ++i) {
          keys.push_back(attributes_[i].key);
          values.push_back(attributes_[i].value);
        }
        first.push_back(static_cast<uint32_t>(keys.size()));
      }
    }
  }
  /// Without the rows that were dropped; what stays is copied by runs of neighbours.
  [[nodiscard]] detail::Block build_kept() const {
    using detail::TextList;
    const Array<detail::Run> kept = kept_rows();
    Array<uint16_t> source;
    Array<uint8_t> media_type;
    Array<uint8_t> channel_id;
    detail::append_runs(batch_.source_.items, kept, source);
    detail::append_runs(media_type_.empty() ? batch_.media_type_.items : media_type_.data(), kept,
                        media_type);
    if (batch_.channel_id_.size != 0)
      detail::append_runs(batch_.channel_id_.items, kept, channel_id, 16);
    Array<uint32_t> attribute_first;
    Array<uint32_t> directive_first;
    Array<detail::Run> attributes;
    Array<Text> keys;
    Array<Text> values;
    const bool own = !lists_.empty();
    if (own)
      gather(kept, attribute_first, keys, values);
    else
      attributes = entries_of(batch_.attribute_first_.items, kept, attribute_first);
    const Array<detail::Run> directives =
        entries_of(batch_.directive_first_.items, kept, directive_first);
    Array<Text> set[ChannelBatch::kColumns];
    const auto column = [&](uint32_t i) { return list(i, kept, set[i]); };
    return detail::build(
        detail::ChannelParts{detail::count_of(kept),
                             {},
                             {column(0), column(1), column(2), column(3), column(4), column(5),
                              column(6), column(7), column(8)},
                             source,
                             media_type,
                             channel_id,
                             attribute_first,
                             own ? TextList(keys) : TextList(batch_.keys_, attributes),
                             own ? TextList(values) : TextList(batch_.values_, attributes),
                             directive_first,
                             TextList(batch_.directives_, directives)});
  }
  /// Where the entries of the rows that stay are, and where each row's begin among them.
  static Array<detail::Run> entries_of(const uint32_t* first, const Array<detail::Run>& kept,
                                       Array<uint32_t>& new_first) {
    Array<detail::Run> entries;
    uint32_t count = 0;
    for (const detail::Run run : kept) {
      for (uint32_t row = run.first; row < run.end; ++row)
        new_first.push_back(first[row] - first[run.first] + count);
      count += first[run.end] - first[run.first];
      if (first[run.end] != first[run.first]) entries.push_back({first[run.first], first[run.end]});
    }
    new_first.push_back(count);
    return entries;
  }

  Array<uint8_t> media_type_;
  Array<List> lists_;  // where each row's attributes are, once one was set
  Array<Attribute> attributes_;
};

}  // namespace m3u
