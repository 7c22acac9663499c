#include <utility>

#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/channels/logo_caching.hpp>

namespace m3u_proxy::channels {
namespace {
constexpr std::string_view kHelper = "@logo:";
}  // namespace

LogoCachingStrategy::LogoCachingStrategy(std::string_view base_url, bool active)
    : prefix_(base_url.empty() ? std::string() : catalog::logo_prefix(base_url)), active_(active) {}

std::string_view LogoCachingStrategy::address_of(std::string_view value, ChannelItem& item,
                                                 std::size_t row) const {
  using catalog::ChannelField;
  if (!prefix_.empty())
    return item.batch.store(prefix_ + std::string(value.substr(kHelper.size())));
  item.problems.add("logo_without_base_url", 0, 0,
                    item.batch.text(ChannelField::kChannelName, row));
  return {};
}

Result<> LogoCachingStrategy::process(ChannelItem& item) {
  if (!active_) return {};
  for (std::size_t row = 0; row < item.batch.rows(); ++row) process_row(item, row);
  return {};
}

void LogoCachingStrategy::process_row(ChannelItem& item, std::size_t row) const {
  if (!active_) return;
  catalog::ChannelBatch& batch = item.batch;
  for (std::size_t column = 0; column < catalog::kWritableChannelFields; ++column) {
    std::string_view& value = batch.column(column)[row];
    if (value.starts_with(kHelper)) value = address_of(value, item, row);
  }
  for (std::size_t i = 0; i < batch.attributes(row).size();) {
    const catalog::Attribute attribute = batch.attributes(row)[i];
    const bool is_logo = attribute.value.starts_with(kHelper);
    const std::string_view address =
        is_logo ? address_of(attribute.value, item, row) : attribute.value;
    if (is_logo) batch.set_attribute(row, attribute.key, address);
    if (!address.empty()) ++i;  // else it was removed, and the next one is in its place
  }
}

}  // namespace m3u_proxy::channels
