#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/copy_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/batch_frame.hpp>
#include <m3u_proxy/catalog/batch_frame_generated.h>

namespace m3u_proxy::catalog {
namespace {

using Offsets = flatbuffers::Offset<flatbuffers::Vector<std::uint32_t>>;
using ColumnOffset = flatbuffers::Offset<frame::Column>;

constexpr std::size_t kMaxText = std::size_t{1} << 30U;  // offsets have 32 bits
constexpr std::size_t kBlockHeader = alignof(std::max_align_t);
static_assert(kBlockHeader >= sizeof(std::size_t));

/// The views of one list of texts, whatever holds them.
template <typename View>
struct Texts {
  std::size_t count;
  View view;
};

/// Copies all views of `texts` to `p` and returns where they end; `limit`: the end of the text.
template <typename View>
char* copy_texts(const Texts<View>& texts, char* p, const char* limit) {
  for (std::size_t i = 0; i < texts.count; ++i) p = copy_text(p, limit, texts.view(i));
  return p;
}

template <typename View>
std::size_t size_of(const Texts<View>& texts) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < texts.count; ++i) size += texts.view(i).size();
  return size;
}

/// Writes the column of `texts`, whose text begins at `position` of the frame's text.
template <typename View>
ColumnOffset make_column(flatbuffers::FlatBufferBuilder& builder, const Texts<View>& texts,
                         std::uint32_t& position) {
  std::uint32_t* offsets = nullptr;
  const Offsets vector = builder.CreateUninitializedVector(texts.count + 1, &offsets);
  for (std::size_t i = 0; i < texts.count; ++i) {
    offsets[i] = position;
    position += static_cast<std::uint32_t>(texts.view(i).size());
  }
  offsets[texts.count] = position;
  return frame::CreateColumn(builder, vector);
}

std::string_view text_of(const frame::ChannelBatch& root) {
  return {reinterpret_cast<const char*>(root.text()->data()), root.text()->size()};
}

}  // namespace

// The builder raises its idea of the size before it asks for the memory, so after a refusal it
// would give back more than it got: the true size stands in front of each block.
std::uint8_t* FrameBuilder::Allocator::allocate(std::size_t size) {
  void* block = resource_.allocate(size + kBlockHeader, alignof(std::max_align_t));
  std::memcpy(block, &size, sizeof(size));
  return static_cast<std::uint8_t*>(block) + kBlockHeader;
}

void FrameBuilder::Allocator::deallocate(std::uint8_t* p, std::size_t /*size*/) {
  std::uint8_t* block = p - kBlockHeader;
  std::size_t size = 0;
  std::memcpy(&size, block, sizeof(size));
  resource_.deallocate(block, size + kBlockHeader, alignof(std::max_align_t));
}

FrameBuilder::FrameBuilder(memory::Budget& budget)
    : allocator_(budget),
      builder_(std::size_t{64} << 10U, &allocator_),
      resource_(budget, memory::Tag::kBatch),
      attributes_(&resource_),
      directives_(&resource_),
      attribute_first_(&resource_),
      directive_first_(&resource_) {}

/// Row by row: the lists in the batch may have holes.
void FrameBuilder::gather_lists(const ChannelBatch& batch) {
  const std::size_t rows = batch.rows();
  attributes_.clear();
  directives_.clear();
  attribute_first_.resize(rows + 1);
  directive_first_.resize(rows + 1);
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Attribute& attribute : batch.attributes(row)) attributes_.push_back(attribute);
    for (const std::string_view line : batch.directives(row)) directives_.push_back(line);
    attribute_first_[row + 1] = static_cast<std::uint32_t>(attributes_.size());
    directive_first_[row + 1] = static_cast<std::uint32_t>(directives_.size());
  }
}

FrameBytes FrameBuilder::build(const ChannelBatch& batch) {
  builder_.Clear();
  const std::size_t rows = batch.rows();
  gather_lists(batch);
  const auto column = [&](std::size_t index) {
    return Texts{rows, [values = batch.column(index)](std::size_t i) { return values[i]; }};
  };
  const Texts keys{attributes_.size(), [&](std::size_t i) { return attributes_[i].key; }};
  const Texts values{attributes_.size(), [&](std::size_t i) { return attributes_[i].value; }};
  const Texts lines{directives_.size(), [&](std::size_t i) { return directives_[i]; }};

  std::size_t text_size = size_of(keys) + size_of(values) + size_of(lines);
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i) text_size += size_of(column(i));
  if (text_size > kMaxText)
    throw memory::OverBudget({.code = ErrorCode::kOverBudget,
                              .message = "a batch of channels holds more than 1 GB of text",
                              .where = {},
                              .hint = "set a smaller batch_size"});
  std::uint8_t* text = nullptr;
  const auto text_vector = builder_.CreateUninitializedVector(text_size, &text);
  char* end = reinterpret_cast<char*>(text);
  const char* const limit = end + text_size;
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    end = copy_texts(column(i), end, limit);
  end = copy_texts(keys, end, limit);
  end = copy_texts(values, end, limit);
  copy_texts(lines, end, limit);

  std::uint32_t position = 0;
  std::array<ColumnOffset, ChannelBatch::kTextColumns> columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    columns[i] = make_column(builder_, column(i), position);
  const ColumnOffset key_column = make_column(builder_, keys, position);
  const ColumnOffset value_column = make_column(builder_, values, position);
  const ColumnOffset line_column = make_column(builder_, lines, position);
  const auto column_vector = builder_.CreateVector(columns.data(), columns.size());

  std::uint16_t* source = nullptr;
  const auto source_vector = builder_.CreateUninitializedVector(rows, &source);
  for (std::size_t row = 0; row < rows; ++row) source[row] = batch.source(row);
  std::uint8_t* media = nullptr;
  const auto media_vector = builder_.CreateUninitializedVector(rows, &media);
  for (std::size_t row = 0; row < rows; ++row)
    media[row] = static_cast<std::uint8_t>(batch.media_type(row));
  const bool has_ids = batch.has_ids();
  std::uint8_t* ids = nullptr;
  const auto id_vector = builder_.CreateUninitializedVector(has_ids ? rows * 16 : 0, &ids);
  for (std::size_t row = 0; has_ids && row < rows; ++row)
    std::memcpy(ids + row * 16, batch.id(row).bytes.data(), 16);
  const auto attribute_ranges = builder_.CreateVector(attribute_first_.data(), rows + 1);
  const auto directive_ranges = builder_.CreateVector(directive_first_.data(), rows + 1);

  builder_.Finish(frame::CreateChannelBatch(builder_, static_cast<std::uint32_t>(rows),
                                            column_vector, source_vector, media_vector, id_vector,
                                            attribute_ranges, key_column, value_column,
                                            directive_ranges, line_column, text_vector));
  return {builder_.GetBufferPointer(), builder_.GetSize()};
}

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
