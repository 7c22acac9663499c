#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/settings/saved_settings.hpp>

namespace m3u_proxy::settings {
namespace {

constexpr std::string_view kName = "configuration";
/// What messages call it.
constexpr std::string_view kPlace = "saved settings";

Result<SavedSettings> open(const store::Setting& row, const store::SecretKey& key) {
  M3U_TRY(const ConfigNode sealed, config::parse_json(row.value, kPlace));
  M3U_TRY(const std::string json, key.open(kName, sealed.text));
  SavedSettings saved{.revision = row.revision, .updated = row.updated};
  M3U_TRY(saved.tree, config::parse_json(json, kPlace));
  return saved;
}

}  // namespace

Result<SavedSettings> read_saved(store::Store& store, const store::SecretKey& key) {
  M3U_TRY(const auto row, store.settings().find(kName));
  return row ? open(*row, key) : SavedSettings();
}

Result<SavedSettings> write_saved(store::Store& store, const store::SecretKey& key,
                                  const ConfigNode& tree, std::int64_t expected, store::Time now) {
  M3U_TRY(const std::string sealed, key.seal(kName, config::to_json(tree)));
  std::string json;
  append_json_string(json, sealed);
  M3U_TRY(const store::Setting row, store.settings().put(kName, json, expected, now));
  return open(row, key);
}

}  // namespace m3u_proxy::settings
