#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/store/entity_rows.hpp>
#include <m3u_proxy/store/generations.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::store::sql {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, kind, name, position, body, revision, managed_by, created, updated FROM entities ";

template <typename E, std::size_t kCount>
E named(std::string_view name, const std::array<E, kCount>& all) {
  const auto found = std::ranges::find(all, name, [](E one) { return to_string(one); });
  return found == all.end() ? all.front() : *found;
}

bool is_sealed(EntityKind kind) {
  return kind == EntityKind::kSource || kind == EntityKind::kEpgSource;
}

Result<Entity> entity_of(Columns columns, const SecretKey& key) {
  static constexpr std::array kKinds = {EntityKind::kSource, EntityKind::kEpgSource,
                                        EntityKind::kFilter, EntityKind::kRule, EntityKind::kProxy};
  static constexpr std::array kManagers = {ManagedBy::kUser, ManagedBy::kFile, ManagedBy::kExample};
  Entity entity;
  entity.id = columns.uuid();
  entity.kind = named(columns.view(), kKinds);
  entity.name = columns.text();
  entity.position = columns.integer();
  entity.body = columns.text();
  entity.revision = columns.integer();
  entity.managed_by = named(columns.view(), kManagers);
  entity.created = columns.time();
  entity.updated = columns.time();
  if (is_sealed(entity.kind)) {
    auto body = key.open(to_string(entity.id), entity.body);
    if (!body) {
      Error error = std::move(body).error();
      error.message =
          fmt::format("{} \"{}\": {}", to_string(entity.kind), entity.name, error.message);
      return fail(std::move(error));
    }
    entity.body = *std::move(body);
  }
  return entity;
}

Result<std::vector<Entity>> select(Connection& connection, const SecretKey& key,
                                   std::string_view condition,
                                   std::initializer_list<Value> values) {
  std::vector<Entity> found;
  M3U_CHECK(connection.run(std::string(kSelect).append(condition),
                           std::span(values.begin(), values.size()),
                           [&](const Row& row) -> Result<> {
                             M3U_TRY(Entity entity, entity_of(Columns(row), key));
                             found.push_back(std::move(entity));
                             return {};
                           }));
  return found;
}

std::optional<Entity> first(std::vector<Entity> found) {
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

Result<std::string> stored_body(const SecretKey& key, const Entity& entity) {
  if (!is_sealed(entity.kind)) return entity.body;
  return key.seal(to_string(entity.id), entity.body);
}

}  // namespace

Result<std::vector<Entity>> all_entities(Connection& connection, const SecretKey& key) {
  return select(connection, key, "ORDER BY kind, position, id", {});
}

Result<std::optional<Entity>> find_entity(Connection& connection, const SecretKey& key,
                                          const Uuid& id) {
  M3U_TRY(auto found, select(connection, key, "WHERE id = $1", {id}));
  return first(std::move(found));
}

Result<std::optional<Entity>> find_entity(Connection& connection, const SecretKey& key,
                                          EntityKind kind, std::string_view name) {
  M3U_TRY(auto found,
          select(connection, key, "WHERE kind = $1 AND name = $2", {to_string(kind), name}));
  return first(std::move(found));
}

Result<std::vector<Entity>> entities_of(Connection& connection, const SecretKey& key,
                                        EntityKind kind) {
  return select(connection, key, "WHERE kind = $1 ORDER BY position, id", {to_string(kind)});
}

Result<> insert_entity(Connection& connection, const SecretKey& key, const Entity& entity) {
  M3U_TRY(const std::string body, stored_body(key, entity));
  M3U_CHECK(
      execute(connection,
              "INSERT INTO entities (id, kind, name, position, body, revision, managed_by,"
              " created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
              {entity.id, to_string(entity.kind), entity.name, entity.position, body,
               entity.revision, to_string(entity.managed_by), entity.created, entity.updated}));
  if (entity.kind != EntityKind::kProxy) return {};
  // One of the same name had the same id: the token of its addresses is gone.
  M3U_CHECK(execute(connection, "DELETE FROM settings WHERE key = $1",
                    {output_token_setting(entity.id)}));
  return {};
}

Result<> update_entity(Connection& connection, const SecretKey& key, const Entity& entity) {
  M3U_TRY(const std::string body, stored_body(key, entity));
  M3U_TRY(const std::int64_t changed,
          execute(connection,
                  "UPDATE entities SET name = $2, position = $3, body = $4, revision = $5,"
                  " managed_by = $6, updated = $7 WHERE id = $1",
                  {entity.id, entity.name, entity.position, body, entity.revision,
                   to_string(entity.managed_by), entity.updated}));
  if (changed == 0) return fail(ErrorCode::kNotFound, "there is no such entity");
  return {};
}

Result<> delete_entity(Connection& connection, const Uuid& id) {
  static constexpr std::array<std::string_view, 8> kStatements = {
      "DELETE FROM source_fetches WHERE source_id = $1",
      "DELETE FROM source_snapshots WHERE source_id = $1",
      "DELETE FROM generations WHERE proxy_id = $1",
      // One of the same name gets the same id, and must not count its generations from 1 again.
      "UPDATE proxy_states SET held = 0 WHERE proxy_id = $1",
      "DELETE FROM runs WHERE proxy_id = $1", "DELETE FROM channel_edits WHERE proxy_id = $1",
      "DELETE FROM tokens WHERE proxy_id = $1", "DELETE FROM entities WHERE id = $1"};
  for (const std::string_view statement : kStatements)
    M3U_CHECK(execute(connection, statement, {id}));
  M3U_CHECK(
      execute(connection, "DELETE FROM store_state WHERE name = $1", {noted_inputs_name(id)}));
  return {};
}

Result<Uuid> unused_id(Connection& connection, EntityKind kind, std::string_view name) {
  const std::string first_name = fmt::format("{}:{}", to_string(kind), name);
  for (int number = 1;; ++number) {
    const Uuid id = uuid_v5(kUuidNamespace,
                            number == 1 ? first_name : fmt::format("{}\n{}", first_name, number));
    M3U_TRY(const auto taken, query_one(connection, "SELECT 1 FROM entities WHERE id = $1", {id},
                                        [](Columns& columns) { return columns.integer(); }));
    if (!taken) return id;
  }
}

Result<std::int64_t> next_position(Connection& connection, EntityKind kind) {
  M3U_TRY(const auto last,
          query_one(connection, "SELECT COALESCE(MAX(position), 0) FROM entities WHERE kind = $1",
                    {to_string(kind)}, [](Columns& columns) { return columns.integer(); }));
  return last.value_or(0) + 1;
}

Result<std::int64_t> current_revision(Connection& connection) {
  M3U_TRY(const auto value,
          query_one(connection, "SELECT value FROM counters WHERE name = 'revision'", {},
                    [](Columns& columns) { return columns.integer(); }));
  return value.value_or(0);
}

// What does not say that it is of edits alone, such as a change by an older program, counts.
Result<std::int64_t> entities_revision(Connection& connection) {
  M3U_TRY(const auto value,
          query_one(connection,
                    "SELECT value - COALESCE((SELECT value FROM counters WHERE name = 'edits'), 0)"
                    " FROM counters WHERE name = 'revision'",
                    {}, [](Columns& columns) { return columns.integer(); }));
  return value.value_or(0);
}

Result<> check_unchanged(Connection& connection, const CheckedAt& checked) {
  if (!checked) return {};
  M3U_TRY(const std::int64_t now, entities_revision(connection));
  if (now == *checked) return {};
  return fail(ErrorCode::kConflict, "something else was changed while this change was checked",
              "repeat it");
}

Result<std::int64_t> count_revision(Connection& connection) {
  M3U_TRY(const auto revision,
          query_one(connection,
                    "UPDATE counters SET value = value + 1 WHERE name = 'revision'"
                    " RETURNING value",
                    {}, [](Columns& columns) { return columns.integer(); }));
  if (!revision) return fail(ErrorCode::kInternal, "the store has lost its revision");
  return *revision;
}

Result<> count_edits(Connection& connection) {
  M3U_CHECK(count_revision(connection));
  M3U_CHECK(execute(connection,
                    "INSERT INTO counters (name, value) VALUES ('edits', 1)"
                    " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"));
  return {};
}

}  // namespace m3u_proxy::store::sql
