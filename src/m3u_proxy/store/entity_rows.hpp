// Entity rows: reading and writing single rows of `entities`, with the sealing of their bodies.
#pragma once

#include <m3u_proxy/store/entities.hpp>

namespace m3u_proxy::store::sql {

/// By kind, then position.
Result<std::vector<Entity>> all_entities(Connection& connection, const SecretKey& key);
/// nullopt when there is none.
Result<std::optional<Entity>> find_entity(Connection& connection, const SecretKey& key,
                                          const Uuid& id);
Result<std::optional<Entity>> find_entity(Connection& connection, const SecretKey& key,
                                          EntityKind kind, std::string_view name);
Result<std::vector<Entity>> entities_of(Connection& connection, const SecretKey& key,
                                        EntityKind kind);

Result<> insert_entity(Connection& connection, const SecretKey& key, const Entity& entity);
/// Writes everything but kind, id and created. Error: kNotFound.
Result<> update_entity(Connection& connection, const SecretKey& key, const Entity& entity);
/// With what belongs to it.
Result<> delete_entity(Connection& connection, const Uuid& id);

/// The id of something new: of its name, or, when another thing had that name first, of the name
/// with a number.
Result<Uuid> unused_id(Connection& connection, EntityKind kind, std::string_view name);
Result<std::int64_t> next_position(Connection& connection, EntityKind kind);

/// The store's revision.
Result<std::int64_t> current_revision(Connection& connection);
/// As Entities::entities_revision().
Result<std::int64_t> entities_revision(Connection& connection);
/// Within an exclusive transaction: that nothing that checks depend on was changed since. Error:
/// kConflict.
Result<> check_unchanged(Connection& connection, const CheckedAt& checked);
/// Counts the store's revision up and returns it. Within a transaction that changes what
/// generations depend on.
Result<std::int64_t> count_revision(Connection& connection);
/// Counts it up for a change of channel edits alone, which entities_revision() leaves out. Within
/// an exclusive transaction.
Result<> count_edits(Connection& connection);

}  // namespace m3u_proxy::store::sql
