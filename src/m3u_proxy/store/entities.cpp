#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/store/entities.hpp>
#include <m3u_proxy/store/entity_rows.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Connection;

std::string title(EntityKind kind, std::string_view name) {
  return fmt::format("{} \"{}\"", to_string(kind), name);
}

std::unexpected<Error> none(const Uuid& id) {
  return fail(ErrorCode::kNotFound, fmt::format("there is nothing with the id {}", to_string(id)));
}

Result<> check(std::string_view name, std::string_view body) {
  if (name.empty() || name.size() > Entities::kLongestName)
    return fail(ErrorCode::kInvalidArgument, "a name has 1 to 200 bytes");
  if (body.size() > Entities::kLargestBody)
    return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is larger than 1 MB", name));
  return {};
}

/// The entity, when it may be changed by a person who has seen `expected`.
Result<Entity> for_change(Connection& connection, const SecretKey& key, const Uuid& id,
                          std::int64_t expected, const CheckedAt& checked) {
  M3U_TRY(auto entity, sql::find_entity(connection, key, id));
  if (!entity) return none(id);
  if (entity->managed_by == ManagedBy::kFile)
    return fail(ErrorCode::kConflict,
                title(entity->kind, entity->name) + " is managed by the configuration file",
                "change it there");
  if (entity->revision != expected)
    return fail(ErrorCode::kConflict,
                fmt::format("{} was changed meanwhile: revision {}, not {}",
                            title(entity->kind, entity->name), entity->revision, expected),
                "look at it again and repeat the change");
  M3U_CHECK(sql::check_unchanged(connection, checked));
  return *std::move(entity);
}

Result<> check_free(Connection& connection, const SecretKey& key, EntityKind kind,
                    std::string_view name) {
  M3U_TRY(const auto other, sql::find_entity(connection, key, kind, name));
  if (other)
    return fail(ErrorCode::kConflict, fmt::format("there is a {} already", title(kind, name)),
                "choose another name");
  return {};
}

}  // namespace

std::string_view to_string(EntityKind kind) {
  static constexpr std::array<std::string_view, 5> kNames = {"source", "epg_source", "filter",
                                                             "rule", "proxy"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(ManagedBy managed_by) {
  static constexpr std::array<std::string_view, 3> kNames = {"file", "user", "example"};
  return kNames.at(static_cast<std::size_t>(managed_by));
}

Result<std::vector<Entity>> Entities::list(EntityKind kind) {
  return sql::transact<std::vector<Entity>>(*database_, Access::kRead, [&](Connection& connection) {
    return sql::entities_of(connection, *key_, kind);
  });
}

Result<Entity> Entities::get(const Uuid& id) {
  return sql::transact<Entity>(*database_, Access::kRead,
                               [&](Connection& connection) -> Result<Entity> {
                                 M3U_TRY(auto entity, sql::find_entity(connection, *key_, id));
                                 if (!entity) return none(id);
                                 return *std::move(entity);
                               });
}

Result<Entity> Entities::find(EntityKind kind, std::string_view name) {
  return sql::transact<Entity>(
      *database_, Access::kRead, [&](Connection& connection) -> Result<Entity> {
        M3U_TRY(auto entity, sql::find_entity(connection, *key_, kind, name));
        if (!entity)
          return fail(ErrorCode::kNotFound, fmt::format("there is no {}", title(kind, name)));
        return *std::move(entity);
      });
}

Result<Entity> Entities::create(const NewEntity& wanted, Time now) {
  M3U_CHECK(check(wanted.name, wanted.body));
  return sql::transact<Entity>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<Entity> {
        M3U_CHECK(sql::check_unchanged(connection, wanted.checked));
        M3U_CHECK(check_free(connection, *key_, wanted.kind, wanted.name));
        Entity entity{.kind = wanted.kind,
                      .name = wanted.name,
                      .body = wanted.body,
                      .revision = 1,
                      .managed_by = wanted.managed_by,
                      .created = now,
                      .updated = now};
        if (wanted.id) {
          M3U_TRY(const auto other, sql::find_entity(connection, *key_, *wanted.id));
          if (other)
            return fail(ErrorCode::kConflict,
                        fmt::format("the id {} is that of {}", to_string(*wanted.id),
                                    title(other->kind, other->name)));
          entity.id = *wanted.id;
        } else {
          M3U_TRY(entity.id, sql::unused_id(connection, wanted.kind, wanted.name));
        }
        M3U_TRY(entity.position, sql::next_position(connection, wanted.kind));
        M3U_CHECK(sql::insert_entity(connection, *key_, entity));
        M3U_CHECK(sql::count_revision(connection));
        M3U_CHECK(database_->announce(connection, Topic::kEntities));
        return entity;
      });
}

Result<Entity> Entities::put(const Uuid& id, const EntityChange& change, std::int64_t expected,
                             Time now) {
  return sql::transact<Entity>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<Entity> {
        M3U_TRY(Entity entity, for_change(connection, *key_, id, expected, change.checked));
        if (change.name && *change.name != entity.name) {
          M3U_CHECK(check_free(connection, *key_, entity.kind, *change.name));
          entity.name = *change.name;
        }
        if (change.body) entity.body = *change.body;
        M3U_CHECK(check(entity.name, entity.body));
        ++entity.revision;
        entity.managed_by = ManagedBy::kUser;  // an example that is changed is an example no more
        entity.updated = now;
        M3U_CHECK(sql::update_entity(connection, *key_, entity));
        M3U_CHECK(sql::count_revision(connection));
        M3U_CHECK(database_->announce(connection, Topic::kEntities));
        return entity;
      });
}

Result<> Entities::erase(const Uuid& id, std::int64_t expected, CheckedAt checked) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_CHECK(for_change(connection, *key_, id, expected, checked));
    M3U_CHECK(sql::delete_entity(connection, id));
    M3U_CHECK(sql::count_revision(connection));
    return database_->announce(connection, Topic::kEntities);
  });
}

Result<> Entities::reorder(EntityKind kind, std::span<const Uuid> order, CheckedAt checked) {
  return database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
    M3U_CHECK(sql::check_unchanged(connection, checked));
    M3U_TRY(
        const auto ids,
        sql::query_all(connection, "SELECT id FROM entities WHERE kind = $1 ORDER BY id",
                       {to_string(kind)}, [](sql::Columns& columns) { return columns.uuid(); }));
    std::vector<Uuid> wanted(order.begin(), order.end());
    std::ranges::sort(wanted);
    if (wanted != ids)
      return fail(ErrorCode::kConflict,
                  fmt::format("the order does not name each {} exactly once: there are {}",
                              to_string(kind), ids.size()),
                  "look at the list again");
    for (std::size_t i = 0; i < order.size(); ++i)
      M3U_CHECK(sql::execute(connection, "UPDATE entities SET position = $2 WHERE id = $1",
                             {order[i], i + 1}));
    M3U_CHECK(sql::count_revision(connection));
    return database_->announce(connection, Topic::kEntities);
  });
}

Result<std::int64_t> Entities::revision() {
  return sql::transact<std::int64_t>(*database_, Access::kRead, sql::current_revision);
}

Result<std::int64_t> Entities::entities_revision() {
  return sql::transact<std::int64_t>(*database_, Access::kRead, sql::entities_revision);
}

}  // namespace m3u_proxy::store
