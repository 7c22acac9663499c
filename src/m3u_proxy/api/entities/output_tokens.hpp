// Output tokens: each proxy has one from its first moment; players come in by it. The store has its
// hash, to compare, and, sealed with the installation's key, the token itself, to show it again. It
// may have further ones, which are shown once only.
#pragma once

#include <optional>
#include <string>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// The proxy's token; made when there is none. Errors: of the store.
Result<std::string> output_token(store::Store& store, const store::SecretKey& key,
                                 const Uuid& proxy, store::Time now);
/// The same without making one; nullopt: there is none.
Result<std::optional<std::string>> find_output_token(store::Store& store,
                                                     const store::SecretKey& key,
                                                     const Uuid& proxy);
/// Replaces it: the old one opens nothing any more.
Result<std::string> rotate_output_token(store::Store& store, const store::SecretKey& key,
                                        const Uuid& proxy, store::Time now);

/// 32 hex digits that are this installation's and that nobody can guess; made once.
Result<std::string> installation_secret(store::Store& store, const store::SecretKey& key,
                                        store::Time now);

}  // namespace m3u_proxy::api
