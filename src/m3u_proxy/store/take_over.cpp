// Taking over a configuration file: what has to happen is planned in memory from all rows, then
// done. Names are set free first, so entities may exchange them.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include <m3u_proxy/store/entities.hpp>
#include <m3u_proxy/store/entity_rows.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Connection;

using Name = std::pair<EntityKind, std::string>;

class Plan {
 public:
  explicit Plan(std::vector<Entity> existing) : existing_(std::move(existing)) {
    for (Entity& entity : existing_) by_name_[{entity.kind, entity.name}] = &entity;
  }

  Result<> add(const FileEntity& wanted);
  /// The rows of the file that it does not have any more.
  [[nodiscard]] std::vector<const Entity*> vanished() const;
  /// What a person made or what is an example follows the file's, in its old order.
  [[nodiscard]] std::vector<const Entity*> others() const;

  struct Step {
    const FileEntity* wanted;
    const Entity* existing;  ///< nullptr: new
  };
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

 private:
  Entity* find_existing(const FileEntity& wanted);

  std::vector<Entity> existing_;
  std::map<Name, Entity*> by_name_;
  std::set<Name> names_;
  std::set<const Entity*> used_;
  std::vector<Step> steps_;
};

Entity* Plan::find_existing(const FileEntity& wanted) {
  if (wanted.id) {
    const auto same = std::ranges::find(existing_, *wanted.id, &Entity::id);
    if (same != existing_.end()) return &*same;
  }
  // Without the old name it has been renamed by an earlier start.
  for (const std::string& name : {wanted.renamed_from, wanted.name}) {
    const auto found = by_name_.find({wanted.kind, name});
    if (name.empty() || found == by_name_.end()) continue;
    if (found->second->managed_by != ManagedBy::kUser) return found->second;
  }
  return nullptr;
}

Result<> Plan::add(const FileEntity& wanted) {
  const std::string title = fmt::format("{} \"{}\"", to_string(wanted.kind), wanted.name);
  if (wanted.name.empty() || wanted.name.size() > Entities::kLongestName ||
      wanted.body.size() > Entities::kLargestBody)
    return fail(ErrorCode::kInvalidArgument,
                title + ": a name has 1 to 200 bytes, and all of it at most 1 MB");
  if (!names_.insert({wanted.kind, wanted.name}).second)
    return fail(ErrorCode::kConflict, title + " is in the file twice");
  const auto same_name = by_name_.find({wanted.kind, wanted.name});
  if (same_name != by_name_.end() && same_name->second->managed_by == ManagedBy::kUser)
    return fail(ErrorCode::kConflict, title + " is in the file, and a person made one of that name",
                "rename one of the two");
  const Entity* existing = find_existing(wanted);
  if (existing != nullptr && wanted.id && existing->id == *wanted.id &&
      (existing->managed_by == ManagedBy::kUser || existing->kind != wanted.kind))
    return fail(
        ErrorCode::kConflict,
        fmt::format("{} has the id of {} \"{}\"", title, to_string(existing->kind), existing->name),
        "leave the id out, or remove the other");
  if (existing != nullptr && !used_.insert(existing).second)
    return fail(ErrorCode::kConflict, title + " and another of the file are one by id or old name");
  steps_.push_back({.wanted = &wanted, .existing = existing});
  return {};
}

std::vector<const Entity*> Plan::vanished() const {
  std::vector<const Entity*> gone;
  for (const Entity& entity : existing_)
    if (entity.managed_by == ManagedBy::kFile && !used_.contains(&entity)) gone.push_back(&entity);
  return gone;
}

std::vector<const Entity*> Plan::others() const {
  std::vector<const Entity*> others;
  for (const Entity& entity : existing_)
    if (entity.managed_by != ManagedBy::kFile && !used_.contains(&entity))
      others.push_back(&entity);
  return others;
}

class TakingOver {
 public:
  TakingOver(Connection& connection, const SecretKey& key, Time now)
      : connection_(&connection), key_(&key), now_(now) {}

  Result<TakeOver> run(const Plan& plan) {
    for (const Entity* gone : plan.vanished()) {
      M3U_CHECK(sql::delete_entity(*connection_, gone->id));
      result_.removed.push_back(gone->id);
    }
    for (const Plan::Step& step : plan.steps())
      if (step.existing != nullptr && step.existing->name != step.wanted->name)
        // A name that no other can have: line feeds are not in names of files.
        M3U_CHECK(sql::execute(*connection_, "UPDATE entities SET name = $2 WHERE id = $1",
                               {step.existing->id, "\n" + to_string(step.existing->id)}));
    for (const Plan::Step& step : plan.steps())
      M3U_CHECK(step.existing == nullptr ? add(*step.wanted)
                                         : update(*step.existing, *step.wanted));
    for (const Entity* other : plan.others())
      M3U_CHECK(sql::execute(*connection_, "UPDATE entities SET position = $2 WHERE id = $1",
                             {other->id, ++positions_[other->kind]}));
    return std::move(result_);
  }

 private:
  Result<> add(const FileEntity& wanted) {
    Entity entity{.id = wanted.id.value_or(Uuid{}),
                  .kind = wanted.kind,
                  .name = wanted.name,
                  .position = ++positions_[wanted.kind],
                  .body = wanted.body,
                  .revision = 1,
                  .managed_by = ManagedBy::kFile,
                  .created = now_,
                  .updated = now_};
    if (!wanted.id) {
      M3U_TRY(entity.id, sql::unused_id(*connection_, wanted.kind, wanted.name));
    }
    M3U_CHECK(sql::insert_entity(*connection_, *key_, entity));
    result_.added.push_back(entity.id);
    return {};
  }

  Result<> update(const Entity& existing, const FileEntity& wanted) {
    Entity entity = existing;
    entity.position = ++positions_[wanted.kind];
    const bool changed = existing.name != wanted.name || existing.body != wanted.body ||
                         existing.managed_by != ManagedBy::kFile ||
                         existing.position != entity.position;
    if (!changed) return {};
    entity.name = wanted.name;
    entity.body = wanted.body;
    entity.managed_by = ManagedBy::kFile;
    entity.updated = now_;
    ++entity.revision;
    M3U_CHECK(sql::update_entity(*connection_, *key_, entity));
    result_.changed.push_back(entity.id);
    return {};
  }

  Connection* connection_;
  const SecretKey* key_;
  Time now_;
  std::map<EntityKind, std::int64_t> positions_;
  TakeOver result_;
};

}  // namespace

Result<TakeOver> Entities::take_over_file(std::span<const FileEntity> entities, Time now) {
  return sql::transact<TakeOver>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<TakeOver> {
        M3U_TRY(auto existing, sql::all_entities(connection, *key_));
        Plan plan(std::move(existing));
        for (const FileEntity& wanted : entities) M3U_CHECK(plan.add(wanted));
        M3U_TRY(TakeOver result, TakingOver(connection, *key_, now).run(plan));
        if (result.empty()) return result;
        M3U_CHECK(sql::count_revision(connection));
        M3U_CHECK(database_->announce(connection, Topic::kEntities));
        return result;
      });
}

Result<bool> Entities::release_file() {
  return sql::transact<bool>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<bool> {
        M3U_TRY(const std::int64_t released,
                sql::execute(connection,
                             "UPDATE entities SET managed_by = $1, revision = revision + 1"
                             " WHERE managed_by = $2",
                             {to_string(ManagedBy::kExample), to_string(ManagedBy::kFile)}));
        if (released == 0) return false;
        M3U_CHECK(sql::count_revision(connection));
        M3U_CHECK(database_->announce(connection, Topic::kEntities));
        return true;
      });
}

}  // namespace m3u_proxy::store
