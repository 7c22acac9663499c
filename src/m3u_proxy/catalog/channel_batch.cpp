#include <algorithm>
#include <cstring>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::catalog {

std::string_view to_string(MediaType type) {
  switch (type) {
    case MediaType::kMovie:
      return "movie";
    case MediaType::kSeries:
      return "series";
    case MediaType::kLive:
      break;
  }
  return "live";
}

void require_batch_text(std::size_t bytes) {
  constexpr std::size_t kMost = std::size_t{1} << 30U;
  if (bytes <= kMost) return;
  throw memory::OverBudget({.code = ErrorCode::kOverBudget,
                            .message = "a batch of channels holds more than 1 GB of text",
                            .where = {},
                            .hint = "set a smaller batch_size"});
}

namespace {

template <std::size_t... kIndices>
std::array<std::pmr::vector<std::string_view>, sizeof...(kIndices)> make_columns(
    std::pmr::memory_resource* resource, std::index_sequence<kIndices...> /*indices*/) {
  return {((void)kIndices, std::pmr::vector<std::string_view>(resource))...};
}

}  // namespace

ChannelBatch::ChannelBatch(memory::SlabPool& slabs)
    : arena_(slabs, memory::Tag::kBatch),
      resource_(slabs.budget(), memory::Tag::kBatch),
      columns_(make_columns(&resource_, std::make_index_sequence<kTextColumns>{})),
      source_(&resource_),
      media_type_(&resource_),
      key_(&resource_),
      id_(&resource_),
      attribute_range_(&resource_),
      attributes_(&resource_),
      directive_range_(&resource_),
      directives_(&resource_) {}

void ChannelBatch::clear() {
  rows_ = 0;
  frame_ = {};
  attributes_.clear();
  directives_.clear();
  arena_.reset();
}

void ChannelBatch::grow(std::size_t at_least) {
  constexpr std::size_t kFirstRows = 256;
  const std::size_t rows = std::max({at_least, source_.size() * 2, kFirstRows});
  for (auto& column : columns_) column.resize(rows);
  media_type_.resize(rows);
  key_.resize(rows);
  if (!id_.empty()) id_.resize(rows);
  attribute_range_.resize(rows);
  directive_range_.resize(rows);
  source_.resize(rows);  // last: its size says how many rows there is room for
}

namespace {

void set_ranges(std::span<const std::uint32_t> first, auto& ranges) {
  for (std::size_t row = 0; row + 1 < first.size(); ++row)
    ranges[row] = {.first = first[row], .count = first[row + 1] - first[row]};
}

}  // namespace

ChannelBatch::Content ChannelBatch::assign(std::span<const std::uint32_t> attribute_first,
                                           std::span<const std::uint32_t> directive_first) {
  clear();
  const std::size_t rows = attribute_first.size() - 1;
  if (rows > source_.size()) grow(rows);
  rows_ = rows;
  if (!id_.empty()) std::fill_n(id_.begin(), rows, Uuid{});
  set_ranges(attribute_first, attribute_range_);
  set_ranges(directive_first, directive_range_);
  attributes_.resize(attribute_first.back());
  directives_.resize(directive_first.back());
  Content content;
  for (std::size_t i = 0; i < kTextColumns; ++i) content.columns[i] = column(i);
  content.source = std::span(source_).first(rows);
  content.media_type = std::span(media_type_).first(rows);
  content.attributes = attributes_;
  content.directives = directives_;
  return content;
}

namespace {

/// Whether an attribute is the one that is asked for.
class IsKey {
 public:
  explicit IsKey(std::string_view key) : key_(key), is_catchup_(is_catchup(key)) {}
  bool operator()(const Attribute& attribute) const {
    return equals_ascii_case(attribute.key, key_) || (is_catchup_ && is_catchup(attribute.key));
  }

 private:
  std::string_view key_;
  bool is_catchup_;
};

}  // namespace

std::string_view ChannelBatch::attribute(std::size_t row, std::string_view key) const {
  const auto all = attributes(row);
  const auto found = std::ranges::find_if(all, IsKey(key));
  return found == all.end() ? std::string_view{} : found->value;
}

void ChannelBatch::set_attribute(std::size_t row, std::string_view key, std::string_view value) {
  frame_ = {};
  Range& range = attribute_range_[row];
  const auto first = attributes_.begin() + range.first;
  const auto end = first + range.count;
  const IsKey is_key(key);
  if (value.empty()) {
    range.count = static_cast<std::uint32_t>(std::remove_if(first, end, is_key) - first);
    return;
  }
  const auto found = std::find_if(first, end, is_key);
  if (found != end) {
    found->value = store(value);
    return;
  }
  const bool at_the_end = range.first + range.count == attributes_.size();
  if (!at_the_end) {  // the row's list moves to the end, where it can grow
    const std::uint32_t old_first = range.first;
    range.first = static_cast<std::uint32_t>(attributes_.size());
    for (std::uint32_t i = 0; i < range.count; ++i) {
      const Attribute moved = attributes_[old_first + i];
      attributes_.push_back(moved);
    }
  }
  attributes_.push_back({.key = store(key), .value = store(value)});
  ++range.count;
}

void ChannelBatch::append_rows(const ChannelBatch& from, std::size_t first, std::size_t count,
                               Texts texts) {
  const std::size_t to = rows_;
  if (to + count > source_.size()) grow(to + count);
  const auto begin = static_cast<std::ptrdiff_t>(first);
  const auto copy = [&](const auto& column, auto& into) {
    std::copy_n(column.begin() + begin, count, into.begin() + static_cast<std::ptrdiff_t>(to));
  };
  for (std::size_t i = 0; i < kTextColumns; ++i) {
    copy(from.columns_[i], columns_[i]);
    if (texts == Texts::kCopy) store_all(std::span(columns_[i]).subspan(to, count));
  }
  copy(from.source_, source_);
  copy(from.media_type_, media_type_);
  copy(from.key_, key_);
  rows_ = to + count;
  frame_ = {};
  const auto text = [&](std::string_view value) {
    return texts == Texts::kCopy ? store(value) : value;
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (!from.id_.empty()) set_id(to + i, from.id_[first + i]);
    Range& attributes = attribute_range_[to + i];
    attributes = {.first = static_cast<std::uint32_t>(attributes_.size())};
    for (const Attribute& attribute : from.attributes(first + i))
      attributes_.push_back({.key = text(attribute.key), .value = text(attribute.value)});
    attributes.count = static_cast<std::uint32_t>(attributes_.size()) - attributes.first;
    Range& directives = directive_range_[to + i];
    directives = {.first = static_cast<std::uint32_t>(directives_.size())};
    for (const std::string_view line : from.directives(first + i))
      directives_.push_back(text(line));
    directives.count = static_cast<std::uint32_t>(directives_.size()) - directives.first;
  }
}

/// Lets the values be copies that live as long as the batch.
void ChannelBatch::store_all(std::span<std::string_view> values) {
  std::size_t size = 0;
  for (const std::string_view value : values) size += value.size();
  char* to = size == 0 ? nullptr : arena_.allocate_text(size);
  for (std::string_view& value : values) {
    if (!value.empty()) std::memcpy(to, value.data(), value.size());
    value = {value.empty() ? nullptr : to, value.size()};
    to += value.size();
  }
}

void ChannelBatch::move_row(std::size_t from, std::size_t to) {
  for (auto& column : columns_) column[to] = column[from];
  source_[to] = source_[from];
  media_type_[to] = media_type_[from];
  key_[to] = key_[from];
  if (!id_.empty()) id_[to] = id_[from];
  attribute_range_[to] = attribute_range_[from];
  directive_range_[to] = directive_range_[from];
}

}  // namespace m3u_proxy::catalog
