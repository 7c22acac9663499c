#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/generation/stage_options.hpp>
#include <m3u_proxy/rules/rule_set.hpp>

namespace m3u_proxy::generation {
namespace {

bool guide_matches_by_name(const ResolvedProxyConfig& config) {
  return config.guide.match == guide::GuideMatch::kName && !config.epg_sources.empty();
}

/// Whether who reads the list can ask us for more.
bool is_served(const ResolvedProxyConfig& config) {
  return !config.output_token.empty() && !config.base_url.empty();
}

}  // namespace

bool needs_channel_ids(const ResolvedProxyConfig& config) {
  return config.mode != UrlMode::kDirect || config.fill_tvg_id || config.edits != nullptr ||
         (config.cache_logos && is_served(config)) || guide_matches_by_name(config);
}

channels::MissingTvgId missing_tvg_id(const ResolvedProxyConfig& config) {
  return config.fill_tvg_id || guide_matches_by_name(config) ? channels::MissingTvgId::kFill
                                                             : channels::MissingTvgId::kKeep;
}

formats::M3uWriterOptions writer_options(const ResolvedProxyConfig& config) {
  formats::M3uWriterOptions options;
  options.no_commas = config.name_style == NameStyle::kNoCommas;
  options.write_tvg_shift = config.guide.tvg_shift == guide::TvgShift::kEmit;
  if (config.mode != UrlMode::kDirect)
    options.stream_prefix = catalog::stream_prefix(
        config.base_url,
        is_served(config) ? config.output_token : to_base64url(proxy_id(config.name)));
  options.logos = logo_addresses(config);
  return options;
}

channels::LogoCachingStrategy::Options logo_options(const ResolvedProxyConfig& config) {
  using Column = channels::LogoCachingStrategy::Column;
  const bool in_rules = config.channel_rules != nullptr && config.channel_rules->uses_logo_helper();
  return {.prefix = config.base_url.empty()
                        ? std::string()
                        : catalog::logo_prefix(config.base_url, config.output_token),
          .active = in_rules || config.edits != nullptr || config.names_logos,
          .logo_column = is_served(config) ? Column::kLeftToWriter : Column::kFilled};
}

formats::LogoAddresses logo_addresses(const ResolvedProxyConfig& config) {
  if (!is_served(config)) return {};
  return {.prefix = catalog::logo_prefix(config.base_url, config.output_token),
          .of_the_web = config.cache_logos};
}

}  // namespace m3u_proxy::generation
