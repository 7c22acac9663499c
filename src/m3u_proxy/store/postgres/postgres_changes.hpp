// News of changes by LISTEN, on a session of its own.
#pragma once

#include <memory>

#include <m3u_proxy/store/changes.hpp>
#include <m3u_proxy/store/postgres/connection_pool.hpp>

namespace m3u_proxy::store::postgres {

/// The channel of NOTIFY; payloads are names of topics.
inline constexpr std::string_view kChannel = "m3u_proxy";

/// Errors: those of ConnectionPool::connect(), kIo.
Result<std::unique_ptr<ChangeFeed>> listen(std::shared_ptr<ConnectionPool> pool);

}  // namespace m3u_proxy::store::postgres
