#include <m3u_proxy/backup/installation.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::backup {

Result<std::string> installation_hash(store::Store& store) {
  M3U_TRY(const auto setting, store.settings().find("installation"));
  if (!setting) return std::string();
  M3U_TRY(const ConfigNode sealed, config::parse_json(setting->value, setting->key));
  M3U_TRY(const std::string secret, store.key().open(setting->key, sealed.text));
  return store::hash_token(secret);
}

}  // namespace m3u_proxy::backup
