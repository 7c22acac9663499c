// Users and their sessions in the web interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

struct User {
  Uuid id{};
  std::string name{};
  std::string password_hash{};  ///< of Passwords; empty: no login by password
  std::string role{};
  bool disabled = false;
  std::int64_t revision = 0;  ///< from 1
  Time created{};
  Time updated{};
};

struct Session {
  std::string hash{};  ///< of the cookie's token: hash_token()
  Uuid user{};
  Time created{};
  Time expires{};
  Time last_seen{};
  std::string client{};  ///< what the browser calls itself
};

/// Thread-safe. Beside the errors below every function has those of the database.
class Users {
 public:
  explicit Users(sql::Database& database) : database_(&database) {}

  /// `user.id`, `revision` and the times are given by the store. Error: kConflict (the name is
  /// taken).
  Result<User> create(const User& user, Time now);
  /// Writes everything but id and created. Changing the password hash or disabling ends the user's
  /// sessions. Errors: kNotFound; kConflict (the revision is not `user.revision` any more, or the
  /// name is taken).
  Result<User> put(const User& user, Time now);
  /// With sessions and tokens. Error: kNotFound.
  Result<> erase(const Uuid& id);
  Result<std::optional<User>> find(const Uuid& id);
  Result<std::optional<User>> find(std::string_view name);
  /// By name.
  Result<std::vector<User>> list();

  /// Error: kNotFound (no such user).
  Result<> add_session(const Session& session);
  /// The session of a cookie, unless it is over or its user disabled.
  Result<std::optional<Session>> find_session(std::string_view hash, Time now);
  /// Keeps a session alive.
  Result<> touch_session(std::string_view hash, Time now, Time expires);
  Result<> end_session(std::string_view hash);
  Result<> end_sessions_of(const Uuid& user);
  /// Forgets the sessions that are over; how many.
  Result<std::int64_t> prune_sessions(Time now);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
