// ChannelBatch: up to some thousand channels in columns, the unit that flows through the stages.
//
// A column holds one view a row. Views point into the chunk the batch was parsed from, into the
// frame it was loaded from, or into the batch's own arena; the owner of the chunk or the frame
// keeps it as long as the batch. Batches are recycled: clear() keeps the capacity.
// Not thread-safe; one owner at a time. Growing throws memory::OverBudget.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/fields.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::catalog {

enum class MediaType : std::uint8_t { kLive, kMovie, kSeries };
/// "live", "movie", "series".
std::string_view to_string(MediaType type);

/// An attribute that has no field of its own, under the name the source gave it.
struct Attribute {
  std::string_view key;
  std::string_view value;
};

/// Throws memory::OverBudget when a batch has more text than numbers of 32 bits tell of.
void require_batch_text(std::size_t bytes);

class ChannelBatch {
 public:
  /// Text columns: the writable fields in the order of ChannelField, then the duration.
  static constexpr std::size_t kTextColumns = kWritableChannelFields + 1;
  static constexpr std::size_t kDuration = kWritableChannelFields;

  explicit ChannelBatch(memory::SlabPool& slabs);
  ChannelBatch(const ChannelBatch&) = delete;
  ChannelBatch& operator=(const ChannelBatch&) = delete;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  /// Drops all rows and their text.
  void clear();
  /// Appends an empty row of this source and returns its index.
  std::size_t add_row(std::uint16_t source) {
    if (rows_ == source_.size()) grow(rows_ + 1);
    frame_ = {};
    const std::size_t row = rows_++;
    for (auto& column : columns_) column[row] = {};
    media_type_[row] = MediaType::kLive;
    if (!id_.empty()) id_[row] = {};
    attribute_range_[row] = {.first = static_cast<std::uint32_t>(attributes_.size()), .count = 0};
    directive_range_[row] = {.first = static_cast<std::uint32_t>(directives_.size()), .count = 0};
    source_[row] = source;
    return row;
  }

  [[nodiscard]] std::string_view text(ChannelField field, std::size_t row) const {
    return columns_[static_cast<std::size_t>(field)][row];
  }
  /// `value` must live as long as the batch; see store().
  void set_text(ChannelField field, std::size_t row, std::string_view value) {
    frame_ = {};
    columns_[static_cast<std::size_t>(field)][row] = value;
  }
  /// A whole text column by index (see kTextColumns).
  [[nodiscard]] std::span<std::string_view> column(std::size_t index) {
    frame_ = {};
    return std::span(columns_[index]).first(rows_);
  }
  [[nodiscard]] std::span<const std::string_view> column(std::size_t index) const {
    return std::span(columns_[index]).first(rows_);
  }
  [[nodiscard]] std::string_view duration(std::size_t row) const {
    return columns_[kDuration][row];
  }
  void set_duration(std::size_t row, std::string_view value) {
    frame_ = {};
    columns_[kDuration][row] = value;
  }
  [[nodiscard]] std::uint16_t source(std::size_t row) const { return source_[row]; }
  [[nodiscard]] MediaType media_type(std::size_t row) const { return media_type_[row]; }
  void set_media_type(std::size_t row, MediaType type) {
    frame_ = {};
    media_type_[row] = type;
  }
  /// The key by which duplicates are found: hash of URL and name as the source gave them.
  [[nodiscard]] spill::Key128 key(std::size_t row) const { return key_[row]; }
  void set_key(std::size_t row, spill::Key128 key) { key_[row] = key; }
  /// The channel's id; the nil id where ids are not needed.
  [[nodiscard]] Uuid id(std::size_t row) const { return id_.empty() ? Uuid{} : id_[row]; }
  /// Whether any row has one.
  [[nodiscard]] bool has_ids() const {
    return !id_.empty() &&
           std::any_of(id_.begin(), id_.begin() + static_cast<std::ptrdiff_t>(rows_),
                       [](const Uuid& id) { return id != Uuid{}; });
  }
  void set_id(std::size_t row, const Uuid& id) {
    if (id_.empty()) id_.resize(source_.size());
    frame_ = {};
    id_[row] = id;
  }

  /// Other attributes in source order.
  [[nodiscard]] std::span<const Attribute> attributes(std::size_t row) const {
    return std::span(attributes_).subspan(attribute_range_[row].first, attribute_range_[row].count);
  }
  /// Adds to the row that was added last; the views must live as long as the batch.
  void push_attribute(Attribute attribute) {
    frame_ = {};
    attributes_.push_back(attribute);
    ++attribute_range_[rows_ - 1].count;
  }
  /// The attributes of all rows, in no useful order and with some that no row has any more.
  [[nodiscard]] std::span<const Attribute> stored_attributes() const { return attributes_; }
  /// The value of an attribute, compared without case; "" when the row does not have it. `catchup`
  /// and `catchup-type` are one attribute, here and in set_attribute().
  [[nodiscard]] std::string_view attribute(std::size_t row, std::string_view key) const;
  /// Puts another attribute in the place of the row's `index`-th; its views as in push_attribute().
  void replace_attribute(std::size_t row, std::size_t index, Attribute attribute) {
    frame_ = {};
    attributes_[attribute_range_[row].first + index] = attribute;
  }
  /// Sets, adds or (with "") removes an attribute of any row; copies both texts where needed.
  void set_attribute(std::size_t row, std::string_view key, std::string_view value);

  /// Lines that belong to the entry and are written back, in order.
  [[nodiscard]] std::span<const std::string_view> directives(std::size_t row) const {
    return std::span(directives_).subspan(directive_range_[row].first, directive_range_[row].count);
  }
  /// Adds to the row that was added last; the view must live as long as the batch.
  void push_directive(std::string_view line) {
    frame_ = {};
    directives_.push_back(line);
    ++directive_range_[rows_ - 1].count;
  }

  /// The frame that has just this content, as long as nothing is changed; empty: there is none.
  [[nodiscard]] std::span<const std::uint8_t> frame() const { return frame_; }
  /// Says that `frame`, which has to stay, has just this content.
  void set_frame(std::span<const std::uint8_t> frame) { frame_ = frame; }

  /// A copy of `text` that lives as long as the batch.
  std::string_view store(std::string_view text) { return arena_.copy(text); }
  [[nodiscard]] memory::Arena& arena() { return arena_; }

  /// What a batch is filled with as a whole: everything below has its size and no content yet.
  struct Content {
    std::array<std::span<std::string_view>, kTextColumns> columns;
    std::span<std::uint16_t> source;
    std::span<MediaType> media_type;
    std::span<Attribute> attributes;
    std::span<std::string_view> directives;
  };
  /// Drops what there is and makes room for as many rows as `attribute_first` has numbers, less
  /// one: row i gets the attributes and directives [first[i], first[i + 1]).
  Content assign(std::span<const std::uint32_t> attribute_first,
                 std::span<const std::uint32_t> directive_first);

  /// Appends rows [first, first + count) of another batch. Their texts stay where they are, and
  /// have to as long as this batch, or are copied.
  enum class Texts : std::uint8_t { kStay, kCopy };
  void append_rows(const ChannelBatch& from, std::size_t first, std::size_t count, Texts texts);

  /// Keeps the rows for which keep(row) is true, in order.
  template <typename Keep>
  void retain(Keep&& keep);

 private:
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  void grow(std::size_t at_least);
  void store_all(std::span<std::string_view> values);
  void move_row(std::size_t from, std::size_t to);

  std::size_t rows_ = 0;
  std::span<const std::uint8_t> frame_;
  memory::Arena arena_;
  memory::BudgetResource resource_;
  // As long as there is room for rows, of which rows_ are in use; id_ may be empty instead.
  std::array<std::pmr::vector<std::string_view>, kTextColumns> columns_;
  std::pmr::vector<std::uint16_t> source_;
  std::pmr::vector<MediaType> media_type_;
  std::pmr::vector<spill::Key128> key_;
  std::pmr::vector<Uuid> id_;
  std::pmr::vector<Range> attribute_range_;
  std::pmr::vector<Attribute> attributes_;
  std::pmr::vector<Range> directive_range_;
  std::pmr::vector<std::string_view> directives_;
};

template <typename Keep>
void ChannelBatch::retain(Keep&& keep) {
  const std::size_t count = rows();
  std::size_t kept = 0;
  for (std::size_t row = 0; row < count; ++row) {
    if (!keep(row)) continue;
    if (kept != row) move_row(row, kept);
    ++kept;
  }
  if (kept != count) frame_ = {};
  rows_ = kept;
}

}  // namespace m3u_proxy::catalog
