// Access tokens: keys of programs (API) and of players (outputs of one proxy). The store has their
// hashes only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

enum class TokenKind : std::uint8_t { kApi, kOutput };
/// "api", "output".
std::string_view to_string(TokenKind kind);

struct AccessToken {
  Uuid id{};
  TokenKind kind = TokenKind::kApi;
  std::string name{};           ///< for people
  std::string hash{};           ///< hash_token()
  std::optional<Uuid> user{};   ///< whose it is
  std::optional<Uuid> proxy{};  ///< of an output token
  std::string scopes{};         ///< a JSON list
  Time created{};
  Time expires{};  ///< Time{}: never
  Time last_used{};
};

/// Thread-safe. Beside the errors below every function has those of the database.
class AccessTokens {
 public:
  explicit AccessTokens(sql::Database& database) : database_(&database) {}

  /// `token.id` and the times but `expires` are given by the store. Errors: kConflict (the hash is
  /// there), kNotFound (no such user or proxy).
  Result<AccessToken> create(const AccessToken& token, Time now);
  /// nullopt also when its time is over.
  Result<std::optional<AccessToken>> find(std::string_view hash, Time now);
  /// Newest first; of one kind, and of one proxy where given.
  Result<std::vector<AccessToken>> list(TokenKind kind, const std::optional<Uuid>& proxy);
  Result<> touch(const Uuid& id, Time now);
  /// Revokes it. Error: kNotFound.
  Result<> erase(const Uuid& id);

 private:
  sql::Database* database_;
};

}  // namespace m3u_proxy::store
