#include <fmt/format.h>

#include <m3u_proxy/store/access_tokens.hpp>
#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::store {
namespace {

using sql::Access;
using sql::Columns;
using sql::Connection;

constexpr std::string_view kColumns =
    "id, kind, name, hash, user_id, proxy_id, scopes, created, expires, last_used";

std::optional<Uuid> optional_uuid(Columns& columns) {
  const auto id = parse_uuid(columns.view());
  return id ? std::optional(*id) : std::nullopt;
}

AccessToken token_of(Columns& columns) {
  AccessToken token;
  token.id = columns.uuid();
  token.kind =
      columns.view() == to_string(TokenKind::kOutput) ? TokenKind::kOutput : TokenKind::kApi;
  token.name = columns.text();
  token.hash = columns.text();
  token.user = optional_uuid(columns);
  token.proxy = optional_uuid(columns);
  token.scopes = columns.text();
  token.created = columns.time();
  token.expires = columns.time();
  token.last_used = columns.time();
  return token;
}

}  // namespace

std::string_view to_string(TokenKind kind) { return kind == TokenKind::kApi ? "api" : "output"; }

Result<AccessToken> AccessTokens::create(const AccessToken& wanted, Time now) {
  AccessToken token = wanted;
  M3U_TRY(token.id, random_id());
  token.created = now;
  token.last_used = Time{};
  const Result<> created =
      database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
        M3U_CHECK(sql::execute(connection,
                               fmt::format("INSERT INTO tokens ({}) VALUES"
                                           " ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
                                           kColumns),
                               {token.id, to_string(token.kind), token.name, token.hash, token.user,
                                token.proxy, token.scopes, token.created, token.expires}));
        return database_->announce(connection, Topic::kAccess);
      });
  if (!created) return fail(created.error());
  return token;
}

Result<std::optional<AccessToken>> AccessTokens::find(std::string_view hash, Time now) {
  return sql::transact<std::optional<AccessToken>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_one(connection,
                              fmt::format("SELECT {} FROM tokens WHERE hash = $1"
                                          " AND (expires = 0 OR expires > $2)",
                                          kColumns),
                              {hash, now}, token_of);
      });
}

Result<std::vector<AccessToken>> AccessTokens::list(TokenKind kind,
                                                    const std::optional<Uuid>& proxy) {
  return sql::transact<std::vector<AccessToken>>(
      *database_, Access::kRead, [&](Connection& connection) {
        return sql::query_all(connection,
                              fmt::format("SELECT {} FROM tokens WHERE kind = $1"
                                          " AND ($2 = '' OR proxy_id = $2)"
                                          " ORDER BY created DESC, id",
                                          kColumns),
                              {to_string(kind), proxy ? to_string(*proxy) : std::string()},
                              token_of);
      });
}

Result<> AccessTokens::touch(const Uuid& id, Time now) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_CHECK(
        sql::execute(connection, "UPDATE tokens SET last_used = $2 WHERE id = $1", {id, now}));
    return {};
  });
}

Result<> AccessTokens::erase(const Uuid& id) {
  return database_->transact(Access::kWrite, [&](Connection& connection) -> Result<> {
    M3U_TRY(const std::int64_t gone,
            sql::execute(connection, "DELETE FROM tokens WHERE id = $1", {id}));
    if (gone == 0) return fail(ErrorCode::kNotFound, "there is no such token");
    return database_->announce(connection, Topic::kAccess);
  });
}

}  // namespace m3u_proxy::store
