#include <fmt/format.h>

#include <m3u_proxy/store/random_id.hpp>
#include <m3u_proxy/store/users.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr std::string_view kColumns =
    "id, name, password_hash, role, disabled, revision, created, updated";
constexpr std::string_view kSessionColumns = "hash, user_id, created, expires, last_seen, client";

User user_of(Columns& columns) {
  User user;
  user.id = columns.uuid();
  user.name = columns.text();
  user.password_hash = columns.text();
  user.role = columns.text();
  user.disabled = columns.boolean();
  user.revision = columns.integer();
  user.created = columns.time();
  user.updated = columns.time();
  return user;
}

Session session_of(Columns& columns) {
  Session session;
  session.hash = columns.text();
  session.user = columns.uuid();
  session.created = columns.time();
  session.expires = columns.time();
  session.last_seen = columns.time();
  session.client = columns.text();
  return session;
}

Result<std::optional<User>> load(Connection& connection, std::string_view column,
                                 const sql::Value& value) {
  return sql::query_one(connection,
                        fmt::format("SELECT {} FROM users WHERE {} = $1", kColumns, column),
                        {value}, user_of);
}

Result<> check_name(Connection& connection, const User& user) {
  if (user.name.empty()) return fail(ErrorCode::kInvalidArgument, "a user needs a name");
  M3U_TRY(const auto other, load(connection, "name", user.name));
  if (other && other->id != user.id)
    return fail(ErrorCode::kConflict, fmt::format("there is a user \"{}\" already", user.name));
  return {};
}

/// A write that tells the keepers of access rights in memory.
Result<std::int64_t> change(sql::Database& database, std::string_view statement,
                            std::vector<sql::Value> values) {
  return sql::transact<std::int64_t>(
      database, Access::kWrite, [&](Connection& connection) -> Result<std::int64_t> {
        M3U_TRY(const std::int64_t changed,
                connection.run(statement, values, [](const sql::Row&) -> Result<> { return {}; }));
        if (changed > 0) M3U_CHECK(database.announce(connection, Topic::kAccess));
        return changed;
      });
}

}  // namespace

Result<User> Users::create(const User& wanted, Time now) {
  User user = wanted;
  M3U_TRY(user.id, random_id());
  user.revision = 1;
  user.created = now;
  user.updated = now;
  const Result<> created =
      database_->transact(Access::kExclusive, [&](Connection& connection) -> Result<> {
        M3U_CHECK(check_name(connection, user));
        M3U_CHECK(sql::execute(
            connection,
            fmt::format("INSERT INTO users ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", kColumns),
            {user.id, user.name, user.password_hash, user.role, user.disabled, user.revision,
             user.created, user.updated}));
        return database_->announce(connection, Topic::kAccess);
      });
  if (!created) return fail(created.error());
  return user;
}

Result<User> Users::put(const User& wanted, Time now) {
  return sql::transact<User>(
      *database_, Access::kExclusive, [&](Connection& connection) -> Result<User> {
        M3U_TRY(const auto stored, load(connection, "id", wanted.id));
        if (!stored) return fail(ErrorCode::kNotFound, "there is no such user");
        if (stored->revision != wanted.revision)
          return fail(ErrorCode::kConflict,
                      fmt::format("user \"{}\" was changed meanwhile", stored->name),
                      "look at it again and repeat the change");
        M3U_CHECK(check_name(connection, wanted));
        User user = wanted;
        ++user.revision;
        user.created = stored->created;
        user.updated = now;
        M3U_CHECK(sql::execute(connection,
                               "UPDATE users SET name = $2, password_hash = $3, role = $4,"
                               " disabled = $5, revision = $6, updated = $7 WHERE id = $1",
                               {user.id, user.name, user.password_hash, user.role, user.disabled,
                                user.revision, user.updated}));
        if (user.disabled || user.password_hash != stored->password_hash)
          M3U_CHECK(sql::execute(connection, "DELETE FROM sessions WHERE user_id = $1", {user.id}));
        M3U_CHECK(database_->announce(connection, Topic::kAccess));
        return user;
      });
}

Result<> Users::erase(const Uuid& id) {
  M3U_TRY(const std::int64_t gone, change(*database_, "DELETE FROM users WHERE id = $1", {id}));
  if (gone == 0) return fail(ErrorCode::kNotFound, "there is no such user");
  return {};
}

Result<std::optional<User>> Users::find(const Uuid& id) {
  return sql::transact<std::optional<User>>(*database_, Access::kRead, [&](Connection& connection) {
    return load(connection, "id", id);
  });
}

Result<std::optional<User>> Users::find(std::string_view name) {
  return sql::transact<std::optional<User>>(*database_, Access::kRead, [&](Connection& connection) {
    return load(connection, "name", name);
  });
}

Result<std::vector<User>> Users::list() {
  return sql::transact<std::vector<User>>(*database_, Access::kRead, [](Connection& connection) {
    return sql::query_all(connection, fmt::format("SELECT {} FROM users ORDER BY name", kColumns),
                          {}, user_of);
  });
}

Result<> Users::add_session(const Session& session) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t added,
            sql::execute(connection,
                         fmt::format("INSERT INTO sessions ({}) SELECT $1, id, $3, $4, $5, $6"
                                     " FROM users WHERE id = $2 AND disabled = 0",
                                     kSessionColumns),
                         {session.hash, session.user, session.created, session.expires,
                          session.last_seen, session.client}));
    if (added == 0) return fail(ErrorCode::kNotFound, "there is no such user, or it is disabled");
    return {};
  });
}

Result<std::optional<Session>> Users::find_session(std::string_view hash, Time now) {
  return sql::transact<std::optional<Session>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_one(
            connection,
            fmt::format("SELECT {} FROM sessions WHERE hash = $1 AND expires > $2",
                        kSessionColumns),
            {hash, now}, session_of);
      });
}

Result<> Users::touch_session(std::string_view hash, Time now, Time expires) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(sql::execute(connection,
                           "UPDATE sessions SET last_seen = $2, expires = $3 WHERE hash = $1",
                           {hash, now, expires}));
    return {};
  });
}

Result<> Users::end_session(std::string_view hash) {
  M3U_CHECK(change(*database_, "DELETE FROM sessions WHERE hash = $1", {hash}));
  return {};
}

Result<> Users::end_sessions_of(const Uuid& user) {
  M3U_CHECK(change(*database_, "DELETE FROM sessions WHERE user_id = $1", {user}));
  return {};
}

Result<std::int64_t> Users::prune_sessions(Time now) {
  return change(*database_, "DELETE FROM sessions WHERE expires <= $1", {now});
}

}  // namespace m3u_proxy::store
