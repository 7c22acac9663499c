#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/batch_frame_generated.h>

namespace m3u_proxy::catalog {
namespace {

std::string_view text_of(const frame::ChannelBatch& root) {
  return {reinterpret_cast<const char*>(root.text()->data()), root.text()->size()};
}

}  // namespace

namespace {

void load_column(const frame::Column& column, std::string_view text, std::size_t count,
                 auto&& take) {
  const std::uint32_t* const offsets = column.offsets()->data();
  for (std::size_t i = 0; i < count; ++i)
    take(i, std::string_view(text.data() + offsets[i], offsets[i + 1] - offsets[i]));
}

}  // namespace

void load_frame(FrameBytes bytes, ChannelBatch& batch) {
  const frame::ChannelBatch& root = *frame::GetChannelBatch(bytes.data());
  const std::string_view text = text_of(root);
  const std::size_t rows = root.rows();
  const ChannelBatch::Content content = batch.assign({root.attribute_first()->data(), rows + 1},
                                                     {root.directive_first()->data(), rows + 1});
  for (std::uint32_t c = 0; c < ChannelBatch::kTextColumns; ++c)
    load_column(*root.columns()->Get(c), text, rows,
                [&](std::size_t i, std::string_view value) { content.columns[c][i] = value; });
  const std::span attributes = content.attributes;
  load_column(*root.attribute_keys(), text, attributes.size(),
              [&](std::size_t i, std::string_view key) { attributes[i].key = key; });
  load_column(*root.attribute_values(), text, attributes.size(),
              [&](std::size_t i, std::string_view value) { attributes[i].value = value; });
  load_column(*root.directives(), text, content.directives.size(),
              [&](std::size_t i, std::string_view line) { content.directives[i] = line; });
  for (std::size_t row = 0; row < rows; ++row) {
    const auto index = static_cast<flatbuffers::uoffset_t>(row);
    content.source[row] = root.source()->Get(index);
    content.media_type[row] = static_cast<MediaType>(root.media_type()->Get(index));
  }
  if (root.channel_id()->size() != 0)
    for (std::size_t row = 0; row < rows; ++row) {
      Uuid id;
      std::memcpy(id.bytes.data(), root.channel_id()->data() + row * 16, 16);
      batch.set_id(row, id);
    }
  batch.set_frame(bytes);
}

namespace {

/// The text that values are taken from, and whether all of it is UTF-8: then a value is too, unless
/// it begins inside a character.
struct FrameText {
  std::string_view text;
  bool is_utf8;

  [[nodiscard]] bool are_values_utf8(const std::uint32_t* offsets, std::size_t count) const {
    if (!is_utf8) {
      for (std::size_t i = 0; i < count; ++i)
        if (!is_valid_utf8(text.substr(offsets[i], offsets[i + 1] - offsets[i]))) return false;
      return true;
    }
    bool inside = false;
    for (std::size_t i = 0; i <= count; ++i)
      inside |= offsets[i] < text.size() &&
                (static_cast<unsigned char>(text[offsets[i]]) & 0xC0U) == 0x80U;
    return !inside;
  }
};

/// Null when the column's offsets are `count` + 1 never falling numbers inside the text whose
/// values are UTF-8; else what is wrong.
const char* column_fault(const frame::Column* column, std::size_t count, const FrameText& of) {
  if (column == nullptr || column->offsets() == nullptr) return "a column is missing";
  if (column->offsets()->size() != count + 1) return "a column has the wrong number of offsets";
  const std::uint32_t* offsets = column->offsets()->data();
  bool falls = false;
  for (std::size_t i = 0; i < count; ++i) falls |= offsets[i] > offsets[i + 1];
  if (falls) return "a column's offsets fall";
  if (offsets[count] > of.text.size()) return "a column reaches beyond the text";
  if (!of.are_values_utf8(offsets, count)) return "a value is not valid UTF-8";
  return nullptr;
}

const char* ranges_fault(const flatbuffers::Vector<std::uint32_t>* first, std::size_t rows) {
  if (first == nullptr || first->size() != rows + 1) return "a list has the wrong number of rows";
  if (first->Get(0) != 0) return "a list does not begin at 0";
  for (flatbuffers::uoffset_t i = 0; i < rows; ++i)
    if (first->Get(i) > first->Get(i + 1)) return "a list's rows fall";
  return nullptr;
}

const char* frame_fault(const frame::ChannelBatch& root) {
  const std::size_t rows = root.rows();
  if (root.text() == nullptr) return "the text is missing";
  const FrameText text{.text = text_of(root), .is_utf8 = is_valid_utf8(text_of(root))};
  if (root.columns() == nullptr || root.columns()->size() != ChannelBatch::kTextColumns)
    return "the number of columns is wrong";
  for (const frame::Column* column : *root.columns())
    if (const char* fault = column_fault(column, rows, text)) return fault;
  if (root.source() == nullptr || root.source()->size() != rows) return "the sources are missing";
  if (root.media_type() == nullptr || root.media_type()->size() != rows)
    return "the media types are missing";
  for (const std::uint8_t type : *root.media_type())
    if (type > static_cast<std::uint8_t>(MediaType::kSeries)) return "a media type is unknown";
  if (root.channel_id() == nullptr ||
      (root.channel_id()->size() != 0 && root.channel_id()->size() != rows * 16))
    return "the channel ids have the wrong size";
  if (const char* fault = ranges_fault(root.attribute_first(), rows)) return fault;
  if (const char* fault = ranges_fault(root.directive_first(), rows)) return fault;
  const auto last = static_cast<flatbuffers::uoffset_t>(rows);
  const std::size_t attributes = root.attribute_first()->Get(last);
  if (const char* fault = column_fault(root.attribute_keys(), attributes, text)) return fault;
  if (const char* fault = column_fault(root.attribute_values(), attributes, text)) return fault;
  return column_fault(root.directives(), root.directive_first()->Get(last), text);
}

}  // namespace

Result<> verify_frame(FrameBytes bytes) {
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  const char* fault = frame::VerifyChannelBatchBuffer(verifier)
                          ? frame_fault(*frame::GetChannelBatch(bytes.data()))
                          : "its structure is damaged";
  if (fault == nullptr) return {};
  return fail(ErrorCode::kParse, fmt::format("the batch frame is not usable: {}", fault));
}

FrameSummary summarize(FrameBytes bytes) {
  const frame::ChannelBatch& root = *frame::GetChannelBatch(bytes.data());
  FrameSummary summary{.rows = root.rows()};
  for (const std::uint16_t source : *root.source()) {
    summary.lowest_source = std::min(summary.lowest_source, source);
    summary.highest_source = std::max(summary.highest_source, source);
  }
  return summary;
}

}  // namespace m3u_proxy::catalog
