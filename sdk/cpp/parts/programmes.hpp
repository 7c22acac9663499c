// ProgrammeWriter and ProgrammeEditor: making and changing a chunk of programmes.
#pragma once

#include "editor.hpp"

namespace m3u {

/// Makes a chunk of programmes row by row; see ChannelWriter.
class ProgrammeWriter {
 public:
  [[nodiscard]] uint32_t rows() const { return static_cast<uint32_t>(source_.size()); }
  [[nodiscard]] bool empty() const { return rows() == 0; }

  void add(const ProgrammeBatch& from, uint32_t row) {
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      columns_[i].push_back(from.text(static_cast<ProgrammeField>(i), row));
    origin_.push_back(from.origin(row));
    source_.push_back(from.source(row));
  }
  /// An empty row; it needs a channel, a title and a start, or an element.
  void add_new(uint16_t source) {
    for (Array<Text>& column : columns_) column.push_back({});
    origin_.push_back(ProgrammeBatch::kNew);
    source_.push_back(source);
  }
  void set(ProgrammeField field, Text value) {
    columns_[static_cast<uint32_t>(field)].back() = value;
  }
  Text store(Text text) { return arena_.store(text); }
  void clear() { *this = ProgrammeWriter(); }

  detail::Block build() const {
    detail::ProgrammeParts parts{rows(), {}, {}, origin_, source_};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      parts.columns[i] = detail::TextList(columns_[i]);
    return detail::build(parts);
  }

 private:
  Array<Text> columns_[ProgrammeBatch::kColumns];
  Array<uint32_t> origin_;
  Array<uint16_t> source_;
  Arena arena_;
};

/// Changes a chunk of programmes: sets values, drops rows, and keeps everything else.
class ProgrammeEditor : public detail::Editor<ProgrammeBatch> {
 public:
  using Editor::Editor;

  [[nodiscard]] bool unchanged() const { return !any_set() && dropped_.empty(); }

  detail::Block build() const {
    if (!dropped_.empty()) return build_kept();
    detail::ProgrammeParts parts{rows(), batch_.text(), {}, batch_.origin_, batch_.source_};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i) parts.columns[i] = list(i);
    return detail::build(parts);
  }

 private:
  [[nodiscard]] detail::Block build_kept() const {
    const Array<detail::Run> kept = kept_rows();
    Array<uint32_t> origin;
    Array<uint16_t> source;
    detail::append_runs(batch_.origin_.items, kept, origin);
    detail::append_runs(batch_.source_.items, kept, source);
    Array<Text> set[ProgrammeBatch::kColumns];
    detail::ProgrammeParts parts{detail::count_of(kept), {}, {}, origin, source};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      parts.columns[i] = list(i, kept, set[i]);
    return detail::build(parts);
  }
};

}  // namespace m3u
