// Setting check: whether settings may be saved: read by the same tables of keys as a configuration
// file, together with what the command line, the environment and the file say.
#pragma once

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/base/config_node.hpp>

namespace m3u_proxy::api {

struct CheckedSettings {
  ConfigNode tree{};                 ///< to be saved
  config::Configuration would_be{};  ///< with what others say
};

/// `sent`: sections with keys, secrets as they are shown or anew; `saved`: what is saved now.
/// Problems: 422 with every mistake, by field; 409 for keys that others say, and where something
/// else would not be right any more.
Outcome<CheckedSettings> check_saved_settings(const ApiContext& context, ConfigNode sent,
                                              const ConfigNode& saved);

}  // namespace m3u_proxy::api
