// Made input: playlists and guides of as many rows as wanted, the same each time, to try plugins
// on.
#pragma once

#include <cstdint>
#include <memory>

#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/plugins/plugin_settings.hpp>

namespace m3u_proxy::plugin_tools {

/// A playlist of `rows` channels, or for epg a guide of `rows` programmes.
std::unique_ptr<io::ByteSource> make_input(plugins::PluginStage stage, std::uint64_t rows);

}  // namespace m3u_proxy::plugin_tools
