// What the frames of channels and of programmes are put together from.
#pragma once

#include "batches.hpp"
#include "frame_writer.hpp"

namespace m3u {

namespace detail {

struct ChannelParts {
  uint32_t rows;
  Text kept;
  TextList columns[ChannelBatch::kColumns];
  Numbers source;
  Numbers media_type;
  Numbers channel_id;
  Numbers attribute_first;
  TextList keys;
  TextList values;
  Numbers directive_first;
  TextList directives;
};

inline Block build(const ChannelParts& parts) {
  constexpr uint32_t kFields = 11;
  constexpr uint32_t kLists = ChannelBatch::kColumns + 3;
  const TextList* lists[kLists] = {};
  for (uint32_t i = 0; i < ChannelBatch::kColumns; ++i) lists[i] = &parts.columns[i];
  lists[kLists - 3] = &parts.keys;
  lists[kLists - 2] = &parts.values;
  lists[kLists - 1] = &parts.directives;
  size_t text = parts.kept.size();
  size_t size = FrameWriter::size_of_tables(kFields, ChannelBatch::kColumns, kLists);
  for (const TextList* list : lists) {
    text += list->new_text();
    size += FrameWriter::size_of(*list);
  }
  size += 4 + FrameWriter::padded(checked_text(text));
  const Numbers* const all_numbers[] = {&parts.source, &parts.media_type, &parts.channel_id,
                                        &parts.attribute_first, &parts.directive_first};
  for (const Numbers* numbers : all_numbers) size += FrameWriter::size_of(*numbers);

  FrameWriter frame(size, kFields, parts.rows, parts.kept);
  frame.columns(1, parts.columns, ChannelBatch::kColumns);
  frame.column(6, parts.keys);
  frame.column(7, parts.values);
  frame.column(9, parts.directives);
  frame.numbers(2, parts.source);
  frame.numbers(3, parts.media_type);
  frame.numbers(4, parts.channel_id);
  frame.numbers(5, parts.attribute_first);
  frame.numbers(8, parts.directive_first);
  return frame.text(10, lists, kLists);
}

struct ProgrammeParts {
  uint32_t rows;
  Text kept;
  TextList columns[ProgrammeBatch::kColumns];
  Numbers origin;
  Numbers source;
};

inline Block build(const ProgrammeParts& parts) {
  constexpr uint32_t kFields = 5;
  constexpr uint32_t kLists = ProgrammeBatch::kColumns;
  const TextList* lists[kLists] = {};
  size_t text = parts.kept.size();
  size_t size = FrameWriter::size_of_tables(kFields, kLists, kLists);
  for (uint32_t i = 0; i < kLists; ++i) {
    lists[i] = &parts.columns[i];
    text += lists[i]->new_text();
    size += FrameWriter::size_of(*lists[i]);
  }
  size += 4 + FrameWriter::padded(checked_text(text)) + FrameWriter::size_of(parts.origin) +
          FrameWriter::size_of(parts.source);
  FrameWriter frame(size, kFields, parts.rows, parts.kept);
  frame.columns(1, parts.columns, kLists);
  frame.numbers(2, parts.origin);
  frame.numbers(3, parts.source);
  return frame.text(4, lists, kLists);
}

}  // namespace detail

}  // namespace m3u
