// SavedSettings: the keys of the configuration's plain sections that people changed while the
// service ran, kept in its database, sealed with the secret key.
#pragma once

#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::settings {

struct SavedSettings {
  ConfigNode tree{};          ///< sections with keys, as in a configuration file
  std::int64_t revision = 0;  ///< 0: nothing was saved yet
  store::Time updated{};
};

/// Errors: those of the store; kConfig when it was sealed with another key.
Result<SavedSettings> read_saved(store::Store& store, const store::SecretKey& key);
/// Puts `tree` in the place of what is saved. Errors: those of the store; kConflict when there is
/// another revision than `expected` by now.
Result<SavedSettings> write_saved(store::Store& store, const store::SecretKey& key,
                                  const ConfigNode& tree, std::int64_t expected, store::Time now);

}  // namespace m3u_proxy::settings
