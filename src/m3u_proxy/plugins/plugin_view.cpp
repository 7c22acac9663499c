#include <m3u_proxy/plugins/plugin_view.hpp>
#include <m3u_proxy/plugins/words.hpp>

namespace m3u_proxy::plugins {

std::string_view to_string(PluginState state) { return word_of(kPluginStateNames, state); }

}  // namespace m3u_proxy::plugins
