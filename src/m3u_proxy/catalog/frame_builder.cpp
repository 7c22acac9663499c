#include <algorithm>
#include <array>
#include <cstring>

#include <m3u_proxy/base/copy_text.hpp>
#include <m3u_proxy/catalog/frame_builder.hpp>

namespace m3u_proxy::catalog {
namespace {

// What precedes the root table's vectors. A FlatBuffers table begins with the distance
// back to the list of where its fields are.
constexpr std::size_t kFields = 11;
constexpr std::size_t kColumnFields = 4;                // where the columns' list is
constexpr std::size_t kRootFields = kColumnFields + 8;  // behind it, padded
constexpr std::size_t kRoot = (kRootFields + 4 + 2 * kFields + 3) / 4 * 4;
constexpr std::size_t kHead = kRoot + 4 + 4 * kFields;

/// The fields of batch_frame.fbs by their places there.
enum Field : std::uint8_t {
  kRows,
  kColumns,
  kSource,
  kMediaType,
  kChannelId,
  kAttributeFirst,
  kAttributeKeys,
  kAttributeValues,
  kDirectiveFirst,
  kDirectives,
  kText,
};

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }
constexpr std::size_t vector_size(std::size_t bytes) { return 4 + padded(bytes); }
/// A column's table and its offsets.
constexpr std::size_t column_size(std::size_t texts) { return 8 + vector_size(4 * (texts + 1)); }

std::size_t size_of(std::span<const std::string_view> texts) {
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  return size;
}

/// The lists of these rows, one right behind the other: where they are, or in `own`, since a batch
/// in which some were set has holes, and rows at the end.
template <typename T, typename Lists>
std::span<const T> gather(std::size_t first, std::size_t rows, const Lists& lists,
                          std::pmr::vector<T>& own) {
  if (rows == 0) return {};
  const T* const begin = lists(first).data();
  std::size_t count = 0;
  bool in_order = true;
  for (std::size_t row = first; row < first + rows; ++row) {
    const std::span<const T> list = lists(row);
    in_order &= list.empty() || list.data() == begin + count;
    count += list.size();
  }
  if (in_order) return {begin, count};
  own.clear();
  for (std::size_t row = first; row < first + rows; ++row) {
    const std::span<const T> list = lists(row);
    own.insert(own.end(), list.begin(), list.end());
  }
  return own;
}

/// Writes forward: what a reference points to is written after it.
class Writer {
 public:
  explicit Writer(std::uint8_t* begin) : begin_(begin), end_(begin) {
    put32(kRoot);
    for (const std::size_t number : {6U, 8U, 4U, 0U}) put16(number);
    put16(4 + 2 * kFields);
    put16(4 + 4 * kFields);
    for (std::size_t i = 0; i < kFields; ++i) put16(4 + 4 * i);
    pad();
    put32(kRoot - kRootFields);
    end_ += 4 * kFields;
  }

  void number(Field field, std::uint32_t value) { write32(place(field), value); }
  /// Lets the field's reference point to what comes next.
  void refer(Field field) { refer(place(field)); }
  void refer(std::uint8_t* reference) {
    write32(reference, static_cast<std::uint32_t>(end_ - reference));
  }
  void put32(std::size_t value) {
    write32(end_, static_cast<std::uint32_t>(value));
    end_ += 4;
  }
  /// Room for `size` bytes, padded.
  std::uint8_t* extend(std::size_t size) {
    std::uint8_t* const place = end_;
    end_ += size;
    pad();
    return place;
  }
  /// A vector of `count` items of T, to be filled in.
  template <typename T>
  T* items(Field field, std::size_t count) {
    refer(field);
    put32(count);
    return reinterpret_cast<T*>(extend(count * sizeof(T)));
  }
  /// A column's table and its offsets, of texts that follow one another in the frame's text.
  template <typename Size>
  void column(std::size_t texts, const Size& size) {
    put32(static_cast<std::size_t>(end_ - begin_) - kColumnFields);
    put32(4);
    put32(texts + 1);
    auto* const offsets = reinterpret_cast<std::uint32_t*>(extend(4 * (texts + 1)));
    std::uint32_t position = position_;
    for (std::size_t i = 0; i < texts; ++i) {
      offsets[i] = position;
      position += static_cast<std::uint32_t>(size(i));
    }
    offsets[texts] = position;
    position_ = position;
  }

 private:
  static void write32(std::uint8_t* to, std::uint32_t value) {
    std::memcpy(to, &value, sizeof(value));
  }
  void put16(std::size_t value) {
    const auto narrow = static_cast<std::uint16_t>(value);
    std::memcpy(end_, &narrow, sizeof(narrow));
    end_ += 2;
  }
  void pad() {
    while ((end_ - begin_) % 4 != 0) *end_++ = 0;
  }
  [[nodiscard]] std::uint8_t* place(Field field) const {
    return begin_ + kRoot + 4 + std::size_t{4} * field;
  }

  std::uint8_t* begin_;
  std::uint8_t* end_;
  std::uint32_t position_ = 0;  // in the text
};

/// Where the list of each row begins among all of them, and where the last ends.
template <typename Size>
void write_ranges(std::uint32_t* first, std::size_t rows, const Size& size) {
  std::uint32_t position = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    first[row] = position;
    position += static_cast<std::uint32_t>(size(row));
  }
  first[rows] = position;
}

}  // namespace

FrameBuilder::FrameBuilder(memory::Budget& budget)
    : resource_(budget, memory::Tag::kBatch),
      own_(&resource_),
      own_attributes_(&resource_),
      own_directives_(&resource_) {}

std::size_t FrameBuilder::measure(const ChannelBatch& batch, std::size_t first, std::size_t count) {
  batch_ = &batch;
  first_ = first;
  rows_ = count;
  attributes_ =
      gather(first, count, [&](std::size_t row) { return batch.attributes(row); }, own_attributes_);
  directives_ =
      gather(first, count, [&](std::size_t row) { return batch.directives(row); }, own_directives_);
  text_size_ = size_of(directives_);
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    text_size_ += size_of(batch.column(i).subspan(first, count));
  for (const Attribute& attribute : attributes_)
    text_size_ += attribute.key.size() + attribute.value.size();
  require_batch_text(text_size_);
  has_ids_ = batch.has_ids();
  return kHead + vector_size(4 * ChannelBatch::kTextColumns) +
         ChannelBatch::kTextColumns * column_size(count) + 2 * column_size(attributes_.size()) +
         column_size(directives_.size()) + vector_size(count * sizeof(std::uint16_t)) +
         vector_size(count) + vector_size(has_ids_ ? count * sizeof(Uuid) : 0) +
         2 * vector_size(4 * (count + 1)) + vector_size(text_size_);
}

void FrameBuilder::write(std::uint8_t* to) const {
  const ChannelBatch& batch = *batch_;
  const auto texts = [&](std::size_t column) {
    return batch.column(column).subspan(first_, rows_);
  };
  Writer out(to);
  out.number(kRows, static_cast<std::uint32_t>(rows_));
  auto* const columns = reinterpret_cast<std::uint8_t*>(
      out.items<std::uint32_t>(kColumns, ChannelBatch::kTextColumns));
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i) {
    out.refer(columns + 4 * i);
    out.column(rows_, [column = texts(i)](std::size_t row) { return column[row].size(); });
  }
  out.refer(kAttributeKeys);
  out.column(attributes_.size(), [&](std::size_t i) { return attributes_[i].key.size(); });
  out.refer(kAttributeValues);
  out.column(attributes_.size(), [&](std::size_t i) { return attributes_[i].value.size(); });
  out.refer(kDirectives);
  out.column(directives_.size(), [&](std::size_t i) { return directives_[i].size(); });

  auto* const source = out.items<std::uint16_t>(kSource, rows_);
  for (std::size_t i = 0; i < rows_; ++i) source[i] = batch.source(first_ + i);
  auto* const media_type = out.items<std::uint8_t>(kMediaType, rows_);
  for (std::size_t i = 0; i < rows_; ++i)
    media_type[i] = static_cast<std::uint8_t>(batch.media_type(first_ + i));
  auto* const ids = out.items<std::uint8_t>(kChannelId, has_ids_ ? rows_ * sizeof(Uuid) : 0);
  for (std::size_t i = 0; has_ids_ && i < rows_; ++i) {
    const Uuid id = batch.id(first_ + i);
    std::memcpy(ids + i * sizeof(id), id.bytes.data(), sizeof(id));
  }
  write_ranges(out.items<std::uint32_t>(kAttributeFirst, rows_ + 1), rows_,
               [&](std::size_t i) { return batch.attributes(first_ + i).size(); });
  write_ranges(out.items<std::uint32_t>(kDirectiveFirst, rows_ + 1), rows_,
               [&](std::size_t i) { return batch.directives(first_ + i).size(); });

  char* end = reinterpret_cast<char*>(out.items<std::uint8_t>(kText, text_size_));
  const char* const limit = end + text_size_;
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    for (const std::string_view text : texts(i)) end = copy_text(end, limit, text);
  for (const Attribute& attribute : attributes_) end = copy_text(end, limit, attribute.key);
  for (const Attribute& attribute : attributes_) end = copy_text(end, limit, attribute.value);
  for (const std::string_view line : directives_) end = copy_text(end, limit, line);
}

FrameBytes FrameBuilder::build(const ChannelBatch& batch, std::size_t first, std::size_t count) {
  const std::size_t size = measure(batch, first, count);
  if (own_.size() < size) {
    own_.clear();  // nothing to be moved
    own_.resize(size);
  }
  write(own_.data());
  return std::span(own_).first(size);
}

}  // namespace m3u_proxy::catalog
