#include <charconv>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include <m3u_proxy/channels/touched.hpp>

namespace m3u_proxy::channels {
namespace {

/// Control characters never get into an attribute's name from a playlist or a rule.
constexpr std::string_view kKey = "\x01touched";
constexpr char kRule = 'r';
constexpr char kFilter = 'f';

void note(catalog::ChannelBatch& batch, std::size_t row, char kind,
          std::span<const std::uint16_t> indices) {
  if (indices.empty()) return;
  fmt::memory_buffer text;
  text.append(batch.attribute(row, kKey));
  for (const std::uint16_t index : indices)
    fmt::format_to(std::back_inserter(text), "{}{}", kind, index);
  batch.set_attribute(row, kKey, {text.data(), text.size()});
}

}  // namespace

void note_rules(catalog::ChannelBatch& batch, std::size_t row,
                std::span<const std::uint16_t> indices) {
  note(batch, row, kRule, indices);
}

void note_filters(catalog::ChannelBatch& batch, std::size_t row,
                  std::span<const std::uint16_t> indices) {
  note(batch, row, kFilter, indices);
}

void Touched::clear() {
  for (Lists* const lists : {&rules_, &filters_}) {
    lists->indices.clear();
    lists->ends.clear();
  }
}

void Touched::take(catalog::ChannelBatch& batch) {
  clear();
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view text = batch.attribute(row, kKey);
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      Lists& lists = *at == kFilter ? filters_ : rules_;
      std::uint16_t index = 0;
      const auto [next, error] = std::from_chars(at + 1, end, index);
      if (error != std::errc{}) break;  // a plugin has been at it
      lists.indices.push_back(index);
      at = next;
    }
    if (!text.empty()) batch.set_attribute(row, kKey, "");
    rules_.ends.push_back(static_cast<std::uint32_t>(rules_.indices.size()));
    filters_.ends.push_back(static_cast<std::uint32_t>(filters_.indices.size()));
  }
}

}  // namespace m3u_proxy::channels
