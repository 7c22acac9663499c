// Entity kinds: what the five kinds of entities are called in addresses, in the configuration and
// in the store.
#pragma once

#include <array>
#include <string_view>

#include <m3u_proxy/store/entities.hpp>

namespace m3u_proxy::api {

struct EntityKindName {
  store::EntityKind kind;
  std::string_view path;     ///< "epg-sources"
  std::string_view section;  ///< "epg_sources"
  std::string_view one;      ///< "EpgSource", as in operationIds
  std::string_view many;     ///< "EpgSources"
};

/// In the order in which others refer to them.
inline constexpr std::array<EntityKindName, 5> kEntityKinds = {{
    {store::EntityKind::kSource, "sources", "sources", "Source", "Sources"},
    {store::EntityKind::kEpgSource, "epg-sources", "epg_sources", "EpgSource", "EpgSources"},
    {store::EntityKind::kFilter, "filters", "filters", "Filter", "Filters"},
    {store::EntityKind::kRule, "rules", "rules", "Rule", "Rules"},
    {store::EntityKind::kProxy, "proxies", "proxies", "Proxy", "Proxies"},
}};

}  // namespace m3u_proxy::api
