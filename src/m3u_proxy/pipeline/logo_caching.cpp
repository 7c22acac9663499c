#include <utility>

#include <m3u_proxy/pipeline/logo_caching.hpp>

namespace m3u_proxy::pipeline {
namespace {
constexpr std::string_view kHelper = "@logo:";
}  // namespace

LogoCachingStrategy::LogoCachingStrategy(std::string base_url, bool active)
    : prefix_(base_url.empty() ? std::string() : std::move(base_url) + "/logos/"),
      active_(active) {}

Result<> LogoCachingStrategy::process(StageItem& item) {
  if (!active_) return {};
  using catalog::ChannelField;
  catalog::ChannelBatch& batch = item.batch;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const std::string_view logo = batch.text(ChannelField::kTvgLogo, row);
    if (!logo.starts_with(kHelper)) continue;
    if (prefix_.empty()) {
      item.problems.add("logo_without_base_url", 0, 0, batch.text(ChannelField::kChannelName, row));
      batch.set_text(ChannelField::kTvgLogo, row, {});
      continue;
    }
    batch.set_text(ChannelField::kTvgLogo, row,
                   batch.store(prefix_ + std::string(logo.substr(kHelper.size()))));
  }
  return {};
}

}  // namespace m3u_proxy::pipeline
