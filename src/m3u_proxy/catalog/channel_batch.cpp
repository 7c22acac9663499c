#include <algorithm>

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

namespace {

template <std::size_t... I>
std::array<std::pmr::vector<std::string_view>, sizeof...(I)> make_columns(
    std::pmr::memory_resource* resource, std::index_sequence<I...> /*indices*/) {
  return {((void)I, std::pmr::vector<std::string_view>(resource))...};
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
  truncate(0);
  attributes_.clear();
  directives_.clear();
  arena_.reset();
}

std::size_t ChannelBatch::add_row(std::uint16_t source) {
  for (auto& column : columns_) column.emplace_back();
  media_type_.push_back(MediaType::kLive);
  key_.emplace_back();
  id_.emplace_back();
  attribute_range_.push_back({.first = static_cast<std::uint32_t>(attributes_.size()), .count = 0});
  directive_range_.push_back({.first = static_cast<std::uint32_t>(directives_.size()), .count = 0});
  source_.push_back(source);
  return source_.size() - 1;
}

void ChannelBatch::push_attribute(Attribute attribute) {
  attributes_.push_back(attribute);
  ++attribute_range_.back().count;
}

void ChannelBatch::push_directive(std::string_view line) {
  directives_.push_back(line);
  ++directive_range_.back().count;
}

std::string_view ChannelBatch::attribute(std::size_t row, std::string_view key) const {
  for (const Attribute& attribute : attributes(row))
    if (equals_ascii_case(attribute.key, key)) return attribute.value;
  return {};
}

void ChannelBatch::set_attribute(std::size_t row, std::string_view key, std::string_view value) {
  Range& range = attribute_range_[row];
  const auto first = attributes_.begin() + range.first;
  const auto end = first + range.count;
  const auto is_key = [&](const Attribute& a) { return equals_ascii_case(a.key, key); };
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

void ChannelBatch::move_row(std::size_t from, std::size_t to) {
  for (auto& column : columns_) column[to] = column[from];
  source_[to] = source_[from];
  media_type_[to] = media_type_[from];
  key_[to] = key_[from];
  id_[to] = id_[from];
  attribute_range_[to] = attribute_range_[from];
  directive_range_[to] = directive_range_[from];
}

void ChannelBatch::truncate(std::size_t rows) {
  for (auto& column : columns_) column.resize(rows);
  source_.resize(rows);
  media_type_.resize(rows);
  key_.resize(rows);
  id_.resize(rows);
  attribute_range_.resize(rows);
  directive_range_.resize(rows);
}

}  // namespace m3u_proxy::catalog
