#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/output_tokens.hpp>
#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/config/node_json.hpp>
#include <m3u_proxy/store/random_id.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

/// A text of the store's settings that is sealed.
Result<std::string> open_setting(const store::Setting& setting, const store::SecretKey& key) {
  M3U_TRY(const ConfigNode node, config::parse_json(setting.value, setting.key));
  return key.open(setting.key, node.text);
}

Result<> put_setting(store::Store& store, const store::SecretKey& key, const std::string& name,
                     std::string_view text, std::int64_t revision, store::Time now) {
  M3U_TRY(const std::string sealed, key.seal(name, text));
  std::string json;
  append_json_string(json, sealed);
  M3U_CHECK(store.settings().put(name, json, revision, now));
  return {};
}

Result<std::string> make(store::Store& store, const store::SecretKey& key, const Uuid& proxy,
                         std::int64_t revision, store::Time now) {
  M3U_TRY(std::string token, store::make_token());
  M3U_TRY(const std::string hash, store::hash_token(token));
  M3U_TRY(const store::AccessToken made, store.tokens().create({.kind = store::TokenKind::kOutput,
                                                                .name = "output",
                                                                .hash = hash,
                                                                .proxy = proxy,
                                                                .scopes = "[]"},
                                                               now));
  auto put = put_setting(store, key, store::output_token_setting(proxy), token, revision, now);
  if (put) return token;
  // Nobody will know it.
  M3U_CHECK(store.tokens().erase(made.id));
  return fail(std::move(put).error());
}

}  // namespace

Result<std::optional<std::string>> find_output_token(store::Store& store,
                                                     const store::SecretKey& key,
                                                     const Uuid& proxy) {
  M3U_TRY(const auto setting, store.settings().find(store::output_token_setting(proxy)));
  if (!setting) return std::nullopt;
  M3U_TRY(std::string token, open_setting(*setting, key));
  return token;
}

Result<std::string> output_token(store::Store& store, const store::SecretKey& key,
                                 const Uuid& proxy, store::Time now) {
  M3U_TRY(auto token, find_output_token(store, key, proxy));
  if (token) return *std::move(token);
  auto made = make(store, key, proxy, 0, now);
  if (made || made.error().code != ErrorCode::kConflict) return made;
  // Somebody else was first.
  M3U_TRY(auto theirs, find_output_token(store, key, proxy));
  return theirs ? Result<std::string>(*std::move(theirs)) : std::move(made);
}

Result<std::string> rotate_output_token(store::Store& store, const store::SecretKey& key,
                                        const Uuid& proxy, store::Time now) {
  M3U_TRY(const auto setting, store.settings().find(store::output_token_setting(proxy)));
  if (!setting) return make(store, key, proxy, 0, now);
  M3U_TRY(const std::string old, open_setting(*setting, key));
  M3U_TRY(const std::string old_hash, store::hash_token(old));
  // In this order: who is interrupted between has two addresses that work, and not one that does
  // not.
  M3U_TRY(std::string token, make(store, key, proxy, setting->revision, now));
  M3U_TRY(const auto tokens, store.tokens().list(store::TokenKind::kOutput, proxy));
  for (const store::AccessToken& one : tokens)
    if (one.hash == old_hash) M3U_CHECK(store.tokens().erase(one.id));
  return token;
}

Result<std::string> installation_secret(store::Store& store, const store::SecretKey& key,
                                        store::Time now) {
  const std::string name = "installation";
  M3U_TRY(const auto setting, store.settings().find(name));
  if (setting) return open_setting(*setting, key);
  M3U_TRY(const Uuid random, store::random_id());
  std::string text = to_string(random);
  std::erase(text, '-');
  M3U_CHECK(put_setting(store, key, name, text, 0, now));
  return text;
}

}  // namespace m3u_proxy::api
