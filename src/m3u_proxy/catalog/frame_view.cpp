#include <algorithm>
#include <cstring>

#include <m3u_proxy/catalog/batch_frame_generated.h>
#include <m3u_proxy/catalog/frame_view.hpp>

namespace m3u_proxy::catalog {
namespace {

template <typename T>
std::span<const T> span_of(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? std::span<const T>()
                           : std::span<const T>(vector->data(), vector->size());
}

std::span<const std::uint32_t> offsets_of(const frame::Column* column) {
  return column == nullptr ? std::span<const std::uint32_t>() : span_of(column->offsets());
}

}  // namespace

Result<> FrameView::open(FrameBytes bytes) {
  const auto unusable = [] { return fail(ErrorCode::kParse, "the batch frame is not usable"); };
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!frame::VerifyChannelBatchBuffer(verifier)) return unusable();
  const frame::ChannelBatch& root = *frame::GetChannelBatch(bytes.data());
  rows_ = root.rows();
  if (root.text() == nullptr || root.columns() == nullptr || root.columns()->size() != kColumns)
    return unusable();
  text_ = {reinterpret_cast<const char*>(root.text()->data()), root.text()->size()};
  for (std::uint32_t column = 0; column < kColumns; ++column) {
    columns_[column] = offsets_of(root.columns()->Get(column));
    if (columns_[column].size() != rows_ + 1) return unusable();
  }
  source_ = span_of(root.source());
  media_type_ = span_of(root.media_type());
  id_ = span_of(root.channel_id());
  attribute_first_ = span_of(root.attribute_first());
  attribute_keys_ = offsets_of(root.attribute_keys());
  attribute_values_ = offsets_of(root.attribute_values());
  if (source_.size() != rows_ || media_type_.size() != rows_ ||
      (!id_.empty() && id_.size() != rows_ * 16) || attribute_first_.size() != rows_ + 1 ||
      attribute_keys_.empty() || attribute_keys_.size() != attribute_values_.size())
    return unusable();
  return {};
}

MediaType FrameView::media_type(std::size_t row) const {
  return static_cast<MediaType>(
      std::min(media_type_[row], static_cast<std::uint8_t>(MediaType::kSeries)));
}

Uuid FrameView::id(std::size_t row) const {
  Uuid id{};
  if (!id_.empty()) std::memcpy(id.bytes.data(), id_.data() + row * 16, 16);
  return id;
}

std::string_view FrameView::attribute(std::size_t row, std::string_view key) const {
  const bool catchup = is_catchup(key);
  const std::size_t end =
      std::min<std::size_t>(attribute_first_[row + 1], attribute_keys_.size() - 1);
  for (std::size_t i = attribute_first_[row]; i < end; ++i) {
    const std::string_view own = value(attribute_keys_, i);
    if (equals_ascii_case(own, key) || (catchup && is_catchup(own)))
      return value(attribute_values_, i);
  }
  return {};
}

}  // namespace m3u_proxy::catalog
