// What ChannelEditor and ProgrammeEditor have in common.
#pragma once

#include "frame_parts.hpp"

namespace m3u {

namespace detail {

/// What the editors of channels and programmes have in common: columns in which values were set,
/// and rows that were dropped.
template <typename Batch>
class Editor {
 public:
  using Field = typename Batch::Field;

  explicit Editor(const Batch& batch) : batch_(batch) {}

  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] uint32_t rows() const { return batch_.rows(); }
  /// The value as it is now.
  [[nodiscard]] Text text(Field field, uint32_t row) const {
    const Array<Text>& changed = changed_[static_cast<uint32_t>(field)];
    return changed.empty() ? batch_.text(field, row) : changed[row];
  }
  /// `value` must live until the chunk is given: a part of the batch, a text of the plugin's own,
  /// or what store() returned.
  void set(Field field, uint32_t row, Text value) {
    Array<Text>& changed = changed_[static_cast<uint32_t>(field)];
    if (changed.empty()) {
      if (batch_.text(field, row) == value) return;
      read_column(field, changed);
    }
    changed[row] = value;
  }
  /// Drops a row.
  void drop(uint32_t row) {
    if (dropped_.empty()) dropped_.resize(rows());
    dropped_[row] = 1;
  }
  [[nodiscard]] bool is_dropped(uint32_t row) const {
    return !dropped_.empty() && dropped_[row] != 0;
  }
  /// A copy that lives as long as the editor.
  Text store(Text text) { return arena_.store(text); }

 protected:
  /// The rows that stay.
  [[nodiscard]] Array<Run> kept_rows() const {
    Array<Run> runs;
    uint32_t row = 0;
    while (row < rows()) {
      uint32_t end = row;
      while (end < rows() && dropped_[end] == 0) ++end;
      if (end != row) runs.push_back({row, end});
      row = end + 1;
    }
    return runs;
  }
  /// What stays of a column; `own` keeps the views of one in which values were set.
  [[nodiscard]] TextList list(uint32_t column, const Array<Run>& kept, Array<Text>& own) const {
    if (changed_[column].empty()) return {batch_.column(static_cast<Field>(column)), kept};
    append_runs(changed_[column].data(), kept, own);
    return TextList(own);
  }
  [[nodiscard]] bool any_set() const {
    for (const Array<Text>& changed : changed_)
      if (!changed.empty()) return true;
    return false;
  }
  [[nodiscard]] TextList list(uint32_t column) const {
    return changed_[column].empty() ? TextList(batch_.column(static_cast<Field>(column)))
                                    : TextList(changed_[column]);
  }
  void read_column(Field field, Array<Text>& texts) const {
    const Column& column = batch_.column(field);
    Text* const to = texts.extend(rows());
    for (uint32_t i = 0; i < rows(); ++i) to[i] = column[i];
  }

  const Batch& batch_;
  Array<Text> changed_[Batch::kColumns];
  Array<uint8_t> dropped_;
  Arena arena_;
};

}  // namespace detail

}  // namespace m3u
