// What the stages are told of a proxy's configuration, where it is decided from several of its
// keys.
#pragma once

#include <m3u_proxy/channels/logo_caching.hpp>
#include <m3u_proxy/channels/m3u_generation.hpp>
#include <m3u_proxy/generation/proxy_config.hpp>

namespace m3u_proxy::generation {

/// Whether this configuration writes channel ids anywhere.
bool needs_channel_ids(const ResolvedProxyConfig& config);
/// Whether channels without a tvg-id get one.
channels::MissingTvgId missing_tvg_id(const ResolvedProxyConfig& config);
/// What Logo Caching does.
channels::LogoCachingStrategy::Options logo_options(const ResolvedProxyConfig& config);
/// Which logos playlist and guide have as addresses of ours: none where the list is not served.
formats::LogoAddresses logo_addresses(const ResolvedProxyConfig& config);
/// How its playlist is written.
formats::M3uWriterOptions writer_options(const ResolvedProxyConfig& config);

}  // namespace m3u_proxy::generation
