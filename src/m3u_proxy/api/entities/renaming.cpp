#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/audit.hpp>
#include <m3u_proxy/api/entities/entity_kinds.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/renaming.hpp>
#include <m3u_proxy/config/node_json.hpp>

namespace m3u_proxy::api {
namespace {

using store::Entity;
using store::EntityKind;

ConfigNode* find(ConfigNode& table, std::string_view name) {
  const auto found = std::ranges::find(table.members, name, &ConfigMember::name);
  return found == table.members.end() ? nullptr : &found->value;
}

bool rename(ConfigNode& node, std::string_view from, std::string_view to) {
  if (node.kind != ConfigNode::Kind::kString || node.text != from) return false;
  node.text = to;
  return true;
}

/// A proxy's body with the new name; the same one where it does not have the old one.
Result<std::string> renamed(const Entity& proxy, EntityKind kind, std::string_view from,
                            std::string_view to) {
  M3U_TRY(ConfigNode config, config::parse_json(proxy.body, proxy.name));
  if (!rename_in_proxy(config, kind, from, to)) return proxy.body;
  return config::to_json(config);
}

}  // namespace

bool rename_in_proxy(ConfigNode& proxy, EntityKind kind, std::string_view from,
                     std::string_view to) {
  bool was_there = false;
  const auto* const named = std::ranges::find(kEntityKinds, kind, &EntityKindName::kind);
  if (ConfigNode* const list = find(proxy, named->section))
    for (ConfigNode& name : list->items) was_there = rename(name, from, to) || was_there;
  if (kind != EntityKind::kSource) return was_there;
  if (ConfigNode* const ranges = find(proxy, "ranges"))
    for (ConfigNode& range : ranges->items)
      if (ConfigNode* const source = find(range, "source"))
        was_there = rename(*source, from, to) || was_there;
  return was_there;
}

Outcome<std::vector<Follower>> followers_of(store::Store& store, const Entity& entity,
                                            std::string_view name) {
  std::vector<Follower> followers;
  if (entity.kind == EntityKind::kProxy || entity.name == name) return followers;
  M3U_TRY(const auto proxies, store.entities().list(EntityKind::kProxy));
  for (const Entity& proxy : proxies) {
    M3U_TRY(std::string body, renamed(proxy, entity.kind, entity.name, name));
    if (body == proxy.body) continue;
    if (proxy.managed_by == store::ManagedBy::kFile)
      return problem(409,
                     fmt::format("the proxy \"{}\" names \"{}\", and is managed by the "
                                 "configuration file",
                                 proxy.name, entity.name),
                     "keep the name, or take it out of that proxy first");
    followers.push_back({.proxy = proxy, .body = std::move(body)});
  }
  return followers;
}

Result<Entity> put_with_followers(store::Store& store, const store::FileEntity& changed,
                                  const std::vector<Follower>& followers, store::CheckedAt checked,
                                  store::Time now) {
  std::vector<store::FileEntity> wanted = {changed};
  for (const Follower& follower : followers)
    wanted.push_back({.kind = EntityKind::kProxy,
                      .name = follower.proxy.name,
                      .body = follower.body,
                      .id = follower.proxy.id});
  M3U_CHECK(store.import({.entities = wanted, .checked = checked}, now));
  if (changed.id) return store.entities().get(*changed.id);
  return store.entities().find(changed.kind, changed.name);
}

Result<> record_followers(const ApiContext& context, const Call& call,
                          const std::vector<Follower>& followers) {
  for (const Follower& follower : followers) {
    const auto now = context.store.entities().get(follower.proxy.id);
    // Somebody has removed it since, which the log has as well.
    if (!now && now.error().code == ErrorCode::kNotFound) continue;
    if (!now) return fail(now.error());
    M3U_TRY(std::string before, entity_json(follower.proxy));
    M3U_TRY(std::string after, entity_json(*now));
    M3U_CHECK(record(context, call,
                     {.action = "proxies.change",
                      .target = to_string(follower.proxy.id),
                      .before = std::move(before),
                      .after = std::move(after)}));
  }
  return {};
}

}  // namespace m3u_proxy::api
