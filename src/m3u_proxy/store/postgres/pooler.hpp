// Poolers between us and the server: which of their modes the store can work through.
#pragma once

#include <m3u_proxy/store/postgres/connection_pool.hpp>

namespace m3u_proxy::store::postgres {

/// Error: kConfig, when the server's sessions change hands between transactions (PgBouncer's
/// transaction and statement modes): locks, LISTEN and settings of a session would be lost.
Result<> check_pooler(ConnectionPool& pool);

}  // namespace m3u_proxy::store::postgres
