#include <array>
#include <cstring>

#include <m3u_proxy/channels/channel_row.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelBatch;

/// What precedes the texts, each of which has its size before it.
struct RowHead {
  Uuid id;
  std::uint32_t attributes;
  std::uint32_t directives;
  std::uint16_t source;
  catalog::MediaType media_type;
};

void append(std::pmr::vector<std::uint8_t>& out, const void* data, std::size_t size) {
  const auto* const bytes = static_cast<const std::uint8_t*>(data);
  out.insert(out.end(), bytes, bytes + size);
}

void append(std::pmr::vector<std::uint8_t>& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  append(out, &size, sizeof(size));
  append(out, text.data(), text.size());
}

std::string_view take_text(std::string_view& bytes) {
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data(), sizeof(size));
  const std::string_view text = bytes.substr(sizeof(size), size);
  bytes.remove_prefix(sizeof(size) + size);
  return text;
}

}  // namespace

void append_row(const ChannelBatch& batch, std::size_t row, std::pmr::vector<std::uint8_t>& out) {
  RowHead head{};
  head.id = batch.id(row);
  head.attributes = static_cast<std::uint32_t>(batch.attributes(row).size());
  head.directives = static_cast<std::uint32_t>(batch.directives(row).size());
  head.source = batch.source(row);
  head.media_type = batch.media_type(row);
  append(out, &head, sizeof(head));
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i) append(out, batch.column(i)[row]);
  for (const catalog::Attribute& attribute : batch.attributes(row)) {
    append(out, attribute.key);
    append(out, attribute.value);
  }
  for (const std::string_view line : batch.directives(row)) append(out, line);
}

void add_row(std::string_view bytes, ChannelBatch& batch) {
  bytes = batch.store(bytes);
  RowHead head{};
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof(head));
  bytes.remove_prefix(sizeof(head));
  const std::size_t row = batch.add_row(head.source);
  batch.set_media_type(row, head.media_type);
  if (head.id != Uuid{}) batch.set_id(row, head.id);
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    batch.column(i)[row] = take_text(bytes);
  for (std::uint32_t i = 0; i < head.attributes; ++i) {
    const std::string_view key = take_text(bytes);
    batch.push_attribute({.key = key, .value = take_text(bytes)});
  }
  for (std::uint32_t i = 0; i < head.directives; ++i) batch.push_directive(take_text(bytes));
}

}  // namespace m3u_proxy::channels
