// Model: what the store says is to be published, as a Configuration: the entities' bodies read by
// the same tables of keys as a configuration file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// Stands for the address of the service where a configuration is checked: who asks decides it.
inline constexpr std::string_view kOwnAddress = "http://m3u-proxy.invalid";

/// A source or EPG source.
struct SourceEntry {
  Uuid id{};
  bool is_guide = false;
  config::SourceConfig config;
  std::int64_t revision = 0;
  store::Time updated{};
  bool is_users = false;  ///< made through the API: it may reach what its maker may
};

struct ProxyEntry {
  Uuid id{};
  config::ProxyConfig config;
  std::int64_t revision = 0;
};

/// Immutable.
struct Model {
  /// Everything; memory and the like as the service was started with.
  config::Configuration configuration;
  std::vector<SourceEntry> sources;  ///< playlists, then guides
  std::vector<ProxyEntry> proxies;
  /// By kind and name ("proxy home"): the text that an entity is, to see whether it changed.
  std::map<std::string, std::string> bodies;

  [[nodiscard]] const SourceEntry* find_source(const Uuid& id) const;
  [[nodiscard]] const SourceEntry* find_source(std::string_view name, bool is_guide) const;
  [[nodiscard]] const ProxyEntry* find_proxy(const Uuid& id) const;
  [[nodiscard]] const ProxyEntry* find_proxy(std::string_view name) const;
};

/// What an entity would be: instead of the one of that kind and id, or name, or a new one.
struct DraftEntity {
  store::EntityKind kind{};
  std::string name;
  std::string body;          ///< JSON
  std::optional<Uuid> id{};  ///< none: the name tells which one
  bool is_gone = false;      ///< there would be none
};
/// Reads the model out of the store. `base` has the plain sections ([proxy_memory] …). Errors:
/// those of the store; kConfig when what is in it is not valid together, with the first mistake.
Result<std::shared_ptr<const Model>> load_model(store::Store& store,
                                                const config::Configuration& base,
                                                std::span<const DraftEntity> drafts = {});

/// The lists of a configuration file as entities for the store. `document` is parsed and checked;
/// relative paths start from `folder`. Error: kConfig for an `id` that is none.
Result<std::vector<store::FileEntity>> entities_of(const ConfigNode& document,
                                                   const std::filesystem::path& folder);

/// What a proxy is made of, with the settings of plugins, as one text: equal texts give equal
/// files, as long as the snapshots of its sources are the same.
std::string definition_of(const Model& model, const ProxyEntry& proxy);

}  // namespace m3u_proxy::jobs
