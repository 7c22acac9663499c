// Renaming: proxies say by name what they are made of, so a new name has to become theirs too, in
// the same transaction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/operations.hpp>
#include <m3u_proxy/base/config_node.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// A proxy that names what is renamed or made.
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

/// Changes an entity, or without an id makes one, with the proxies that name it, all or none.
/// `checked` is from before they were looked at. Errors: kConflict, when it is over, or the new
/// name is taken; those of the store.
Result<store::Entity> put_with_followers(store::Store& store, const store::FileEntity& changed,
                                         const std::vector<Follower>& followers,
                                         store::CheckedAt checked, store::Time now);
/// Puts what became of the proxies into the audit log. Errors: of the store.
Result<> record_followers(const ApiContext& context, const Call& call,
                          const std::vector<Follower>& followers);

}  // namespace m3u_proxy::api
