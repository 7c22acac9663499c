#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/store/edit_rows.hpp>
#include <m3u_proxy/store/entity_rows.hpp>
#include <m3u_proxy/store/importing/configuration_import.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Connection;
using EditKey = std::pair<Uuid, std::string>;

constexpr int kPage = 1000;

class Importing {
 public:
  Importing(Connection& connection, const SecretKey& key, const ConfigurationImport& import,
            Time now)
      : connection_(connection), key_(key), import_(import), now_(now) {}

  Result<ImportResult> run() {
    M3U_TRY(const auto existing, sql::all_entities(connection_, key_));
    M3U_TRY(const ImportPlan plan,
            plan_import(existing, import_.entities, import_.mode, import_.merge));
    M3U_CHECK(set_names_free(plan));
    for (const ImportPlan::Step& step : plan.steps) M3U_CHECK(make(step));
    if (import_.mode == ImportMode::kReplace) M3U_CHECK(put_in_order());
    for (const FileEdit& edit : import_.edits) M3U_CHECK(make(edit));
    if (import_.mode == ImportMode::kReplace) M3U_CHECK(remove_edits());
    return result_;
  }

 private:
  /// So that things may exchange theirs.
  Result<> set_names_free(const ImportPlan& plan) {
    for (const Entity& gone : plan.removed) {
      M3U_CHECK(sql::delete_entity(connection_, gone.id));
      ++result_.entities.removed;
    }
    for (const ImportPlan::Step& step : plan.steps)
      if (step.becomes == ImportPlan::Becomes::kChanged)
        // A name that no other can have: line feeds are not in names of files.
        M3U_CHECK(sql::execute(connection_, "UPDATE entities SET name = $2 WHERE id = $1",
                               {step.entity.id, "\n" + to_string(step.entity.id)}));
    return {};
  }

  Result<> make(const ImportPlan::Step& step) {
    Entity entity = step.entity;
    entity.updated = now_;
    ++entity.revision;
    switch (step.becomes) {
      case ImportPlan::Becomes::kUnchanged:
        ++result_.entities.unchanged;
        break;
      case ImportPlan::Becomes::kChanged:
        ++result_.entities.changed;
        M3U_CHECK(sql::update_entity(connection_, key_, entity));
        break;
      case ImportPlan::Becomes::kCreated:
        ++result_.entities.created;
        entity.created = now_;
        if (!step.has_id) {
          M3U_TRY(entity.id, sql::unused_id(connection_, entity.kind, entity.name));
        }
        M3U_TRY(entity.position, sql::next_position(connection_, entity.kind));
        M3U_CHECK(sql::insert_entity(connection_, key_, entity));
        break;
    }
    order_[entity.kind].push_back(entity.id);
    return {};
  }

  /// The file's order, then what the configuration file manages and the imported one does not have.
  Result<> put_in_order() {
    for (auto& [kind, ids] : order_) {
      M3U_TRY(const auto there, sql::entities_of(connection_, key_, kind));
      for (const Entity& entity : there)
        if (std::ranges::find(ids, entity.id) == ids.end()) ids.push_back(entity.id);
      const bool is_right = std::ranges::equal(there, ids, {}, &Entity::id);
      for (std::size_t i = 0; !is_right && i < ids.size(); ++i)
        M3U_CHECK(sql::execute(connection_, "UPDATE entities SET position = $2 WHERE id = $1",
                               {ids[i], static_cast<std::int64_t>(i + 1)}));
    }
    return {};
  }

  Result<> make(const FileEdit& wanted) {
    ChannelEdit edit = wanted.edit;
    if (!wanted.proxy.empty()) {
      M3U_TRY(edit.proxy, proxy_of(wanted));
    }
    if (!edits_.emplace(edit.channel, sql::key_of(edit.proxy)).second)
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the channel {} has two edits", to_base64url(edit.channel)));
    M3U_TRY(const auto stored, sql::find_edit(connection_, edit.channel, edit.proxy));
    if (stored && sql::says_the_same(*stored, edit)) {
      ++result_.edits.unchanged;
      return {};
    }
    if (stored && stored->managed_by == ManagedBy::kFile) return fail(sql::is_the_files(*stored));
    M3U_CHECK(sql::replace_edit(connection_, stored, edit, now_));
    ++(stored ? result_.edits.changed : result_.edits.created);
    return {};
  }

  Result<Uuid> proxy_of(const FileEdit& wanted) {
    const auto known = proxies_.find(wanted.proxy);
    if (known != proxies_.end()) return known->second;
    M3U_TRY(const auto proxy,
            sql::find_entity(connection_, key_, EntityKind::kProxy, wanted.proxy));
    if (!proxy)
      return fail(ErrorCode::kConflict,
                  fmt::format("the edit of the channel {} is for the proxy \"{}\", which is not "
                              "there",
                              to_base64url(wanted.edit.channel), wanted.proxy));
    proxies_.emplace(wanted.proxy, proxy->id);
    return proxy->id;
  }

  /// Those of people that the file does not have, a page at a time.
  Result<> remove_edits() {
    EditKey behind;
    for (bool is_last = false; !is_last;) {
      M3U_TRY(const auto page,
              sql::query_all(
                  connection_,
                  "SELECT channel_id, proxy_id FROM channel_edits WHERE managed_by = $1 AND"
                  " (channel_id, proxy_id) > ($2, $3) ORDER BY channel_id, proxy_id LIMIT $4",
                  {to_string(ManagedBy::kUser), behind.first, behind.second, kPage},
                  [](sql::Columns& columns) {
                    const Uuid channel = columns.uuid();
                    return EditKey(channel, columns.text());
                  }));
      is_last = std::ssize(page) < kPage;
      if (!page.empty()) behind = page.back();
      for (const auto& [channel, proxy] : page) {
        if (edits_.contains({channel, proxy})) continue;
        const auto id = parse_uuid(proxy);
        M3U_CHECK(sql::delete_edit(connection_, channel, id ? std::optional(*id) : std::nullopt));
        ++result_.edits.removed;
      }
    }
    return {};
  }

  Connection& connection_;
  const SecretKey& key_;
  const ConfigurationImport& import_;
  Time now_;
  ImportResult result_;
  std::map<EntityKind, std::vector<Uuid>> order_;
  std::map<std::string, Uuid, std::less<>> proxies_;
  std::set<EditKey> edits_;
};

bool changes_any(const ImportCounts& counts) {
  return counts.created + counts.changed + counts.removed > 0;
}

}  // namespace

Result<ImportResult> import_configuration(sql::Database& database, const SecretKey& key,
                                          const ConfigurationImport& import, Time now) {
  std::optional<ImportResult> done;
  const auto committed =
      database.transact(sql::Access::kExclusive, [&](Connection& connection) -> Result<> {
        done.reset();
        M3U_CHECK(sql::check_unchanged(connection, import.checked));
        M3U_TRY(const ImportResult result, Importing(connection, key, import, now).run());
        done = result;
        // An error takes it all back.
        if (import.only_try) return fail(ErrorCode::kCancelled, "it was only tried");
        M3U_CHECK(sql::count_revision(connection));
        M3U_CHECK(database.announce(connection, Topic::kEntities));
        if (!changes_any(result.edits)) return {};
        return database.announce(connection, Topic::kEdits);
      });
  if (import.only_try && done) return *done;
  if (!committed) return fail(committed.error());
  return *done;
}

}  // namespace m3u_proxy::store
