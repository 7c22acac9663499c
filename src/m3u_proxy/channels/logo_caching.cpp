#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>

namespace m3u_proxy::channels {

using catalog::ChannelField;
using catalog::kLogoHelper;

std::string_view LogoCachingStrategy::address_of(std::string_view value, ChannelItem& item,
                                                 std::size_t row) const {
  if (!options_.prefix.empty())
    return item.batch.store(options_.prefix + std::string(value.substr(kLogoHelper.size())));
  item.problems.add("logo_without_base_url", 0, 0,
                    item.batch.text(ChannelField::kChannelName, row));
  return {};
}

Result<> LogoCachingStrategy::process(ChannelItem& item) {
  if (!options_.active) return {};
  for (std::size_t row = 0; row < item.batch.rows(); ++row) process_row(item, row);
  return {};
}

void LogoCachingStrategy::process_row(ChannelItem& item, std::size_t row) const {
  if (!options_.active) return;
  catalog::ChannelBatch& batch = item.batch;
  for (std::size_t column = 0; column < catalog::kWritableChannelFields; ++column) {
    if (options_.logo_column == Column::kLeftToWriter &&
        column == static_cast<std::size_t>(ChannelField::kTvgLogo))
      continue;
    std::string_view& value = batch.column(column)[row];
    if (value.starts_with(kLogoHelper)) value = address_of(value, item, row);
  }
  for (std::size_t i = 0; i < batch.attributes(row).size();) {
    const catalog::Attribute attribute = batch.attributes(row)[i];
    const bool is_logo = attribute.value.starts_with(kLogoHelper);
    const std::string_view address =
        is_logo ? address_of(attribute.value, item, row) : attribute.value;
    if (is_logo) batch.set_attribute(row, attribute.key, address);
    if (!address.empty()) ++i;  // else it was removed, and the next one is in its place
  }
}

}  // namespace m3u_proxy::channels
