#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/store/importing/import_plan.hpp>

namespace m3u_proxy::store {
namespace {

using Name = std::pair<EntityKind, std::string>;

std::string title(EntityKind kind, std::string_view name) {
  return fmt::format("{} \"{}\"", to_string(kind), name);
}

Result<> check(const FileEntity& wanted, std::string_view body) {
  if (!is_one_line(wanted.name))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} \"{}\": a name is one line without control characters",
                            to_string(wanted.kind), excerpt(wanted.name)));
  if (!wanted.name.empty() && wanted.name.size() <= Entities::kLongestName &&
      body.size() <= Entities::kLargestBody)
    return {};
  return fail(
      ErrorCode::kInvalidArgument,
      title(wanted.kind, wanted.name) + ": a name has 1 to 200 bytes, and all of it at most 1 MB");
}

class Planner {
 public:
  Planner(const std::vector<Entity>& existing, ImportMode mode) : mode_(mode) {
    for (const Entity& entity : existing) {
      by_id_[entity.id] = &entity;
      by_name_[{entity.kind, entity.name}] = &entity;
    }
  }

  Result<const Entity*> find(const FileEntity& wanted) const;
  Result<ImportPlan::Step> step(const FileEntity& wanted, const MergeBody& merge);
  /// What the file does not have; and that every name is one thing's only.
  Result<> finish(ImportPlan& plan);

 private:
  ImportMode mode_;
  std::map<Uuid, const Entity*> by_id_;
  std::map<Name, const Entity*> by_name_;
  std::set<const Entity*> used_;
};

Result<const Entity*> Planner::find(const FileEntity& wanted) const {
  const auto same_name = by_name_.find({wanted.kind, wanted.name});
  const Entity* const named = same_name == by_name_.end() ? nullptr : same_name->second;
  if (!wanted.id) return named;
  const auto same_id = by_id_.find(*wanted.id);
  if (same_id == by_id_.end()) return mode_ == ImportMode::kAdd ? named : nullptr;
  if (same_id->second->kind == wanted.kind) return same_id->second;
  return fail(ErrorCode::kConflict,
              fmt::format("{} has the id of {}", title(wanted.kind, wanted.name),
                          title(same_id->second->kind, same_id->second->name)),
              "leave the id out");
}

Result<ImportPlan::Step> Planner::step(const FileEntity& wanted, const MergeBody& merge) {
  M3U_TRY(const Entity* const existing, find(wanted));
  M3U_TRY(std::string body, merge ? merge(wanted, existing) : Result<std::string>(wanted.body));
  M3U_CHECK(check(wanted, body));
  ImportPlan::Step step;
  if (existing == nullptr) {
    step.entity.id = wanted.id.value_or(Uuid{});
    step.has_id = wanted.id.has_value();
    step.entity.kind = wanted.kind;
  } else {
    if (!used_.insert(existing).second)
      return fail(ErrorCode::kConflict,
                  title(wanted.kind, wanted.name) + " and another of the file are one");
    step.entity = *existing;
    step.becomes = existing->name == wanted.name && existing->body == body
                       ? ImportPlan::Becomes::kUnchanged
                       : ImportPlan::Becomes::kChanged;
    if (step.becomes == ImportPlan::Becomes::kChanged && existing->managed_by == ManagedBy::kFile)
      return fail(ErrorCode::kConflict,
                  title(existing->kind, existing->name) +
                      " is managed by the configuration file, and is another one there",
                  "change it there, or leave it out of what is imported");
  }
  if (step.becomes != ImportPlan::Becomes::kUnchanged) step.entity.managed_by = ManagedBy::kUser;
  step.entity.name = wanted.name;
  step.entity.body = std::move(body);
  return step;
}

Result<> Planner::finish(ImportPlan& plan) {
  std::set<Name> names;
  std::set<Uuid> ids;
  for (const auto& [becomes, entity, has_id] : plan.steps) {
    if (!names.insert({entity.kind, entity.name}).second)
      return fail(ErrorCode::kConflict, title(entity.kind, entity.name) + " is in the file twice");
    if (has_id && !ids.insert(entity.id).second)
      return fail(ErrorCode::kConflict,
                  title(entity.kind, entity.name) + " has the id of another in the file");
  }
  for (const auto& [id, entity] : by_id_) {
    if (used_.contains(entity)) continue;
    if (mode_ == ImportMode::kReplace && entity->managed_by != ManagedBy::kFile) {
      plan.removed.push_back(*entity);
    } else if (!names.insert({entity->kind, entity->name}).second) {
      return fail(
          ErrorCode::kConflict,
          "there is another " + title(entity->kind, entity->name) + " with an id of its own",
          "rename one of the two, or leave out the id");
    }
  }
  return {};
}

}  // namespace

Result<ImportPlan> plan_import(const std::vector<Entity>& existing,
                               std::span<const FileEntity> wanted, ImportMode mode,
                               const MergeBody& merge) {
  Planner planner(existing, mode);
  ImportPlan plan;
  for (const FileEntity& one : wanted) {
    M3U_TRY(ImportPlan::Step step, planner.step(one, merge));
    plan.steps.push_back(std::move(step));
  }
  M3U_CHECK(planner.finish(plan));
  return plan;
}

}  // namespace m3u_proxy::store
