// Renaming: proxies say by name what they are made of, so a new name has to become theirs too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// A proxy that names what is renamed.
struct Follower {
  store::Entity proxy;  ///< as it is
  std::string body;     ///< as it will be
};

/// Puts `to` in the place of `from`, the name of one of `kind`, in a proxy's keys. Whether it was
/// there. Pure.
bool rename_in_proxy(ConfigNode& proxy, store::EntityKind kind, std::string_view from,
                     std::string_view to);

/// The proxies that name `entity`, when it is to be called `name`; none, when it is called so
/// already. Problem: 409 where the configuration file manages one of them; those of the store.
Outcome<std::vector<Follower>> followers_of(store::Store& store, const store::Entity& entity,
                                            std::string_view name);

/// Changes an entity with the proxies that name it, all or none: as store::Entities::put(). Errors:
/// kConflict, also when it is not any more as it is in `before`; those of the store.
Result<store::Entity> put_with_followers(store::Store& store, const store::Entity& before,
                                         const std::string& name, const std::string& body,
                                         const std::vector<Follower>& followers, store::Time now);

}  // namespace m3u_proxy::api
