#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/channel_limits.hpp>
#include <m3u_proxy/formats/m3u_lines.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelBatch;
using catalog::ChannelField;

/// Whether the row can be published; else the problem is counted.
bool is_usable(const ChannelBatch& batch, std::size_t row, ProblemLog& problems) {
  const std::string_view name = batch.text(ChannelField::kChannelName, row);
  const std::string_view url = formats::trim_line(batch.text(ChannelField::kStreamUrl, row));
  const char* fault = nullptr;
  if (name.size() > rules::kMaxValueBytes || url.size() > rules::kMaxValueBytes)
    fault = "value_too_long";
  else if (url.empty())
    fault = "empty_url";
  else if (!formats::is_address(formats::line_kind(url)))
    fault = "url_is_no_address";
  if (fault == nullptr) return true;
  problems.add(fault, 0, 0, name.substr(0, 80));
  return false;
}

/// Whether a value may be too long: one look at all of them, since hardly any batch has one.
bool may_have_long_values(const ChannelBatch& batch) {
  std::size_t sizes = 0;
  for (std::size_t i = 0; i < ChannelBatch::kTextColumns; ++i)
    for (const std::string_view value : batch.column(i)) sizes |= value.size();
  for (const catalog::Attribute& attribute : batch.stored_attributes())
    sizes |= attribute.value.size();
  return sizes > rules::kMaxValueBytes;
}

void drop_long_values(ChannelBatch& batch, std::size_t row, ProblemLog& problems) {
  const auto too_long = [&](std::string_view value) {
    if (value.size() <= rules::kMaxValueBytes) return false;
    problems.add("value_too_long", 0, 0, batch.text(ChannelField::kChannelName, row));
    return true;
  };
  for (std::size_t column = 0; column < ChannelBatch::kTextColumns; ++column) {
    std::string_view& value = batch.column(column)[row];
    if (too_long(value)) value = {};
  }
  for (std::size_t i = 0; i < batch.attributes(row).size();) {
    const catalog::Attribute attribute = batch.attributes(row)[i];
    if (too_long(attribute.value))
      batch.set_attribute(row, attribute.key, "");
    else
      ++i;
  }
}

}  // namespace

void enforce_channel_limits(ChannelBatch& batch, ProblemLog& problems) {
  batch.retain([&](std::size_t row) { return is_usable(batch, row, problems); });
  if (!may_have_long_values(batch)) return;
  for (std::size_t row = 0; row < batch.rows(); ++row) drop_long_values(batch, row, problems);
}

}  // namespace m3u_proxy::channels
