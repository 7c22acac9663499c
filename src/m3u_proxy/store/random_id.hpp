// Ids of what has no name to make one from: random UUIDs (version 4, RFC 9562) from the kernel.
#pragma once

#include <m3u_proxy/base/uuid.hpp>

namespace m3u_proxy::store {

/// Thread-safe. Error: kIo, where the kernel has no randomness to give.
Result<Uuid> random_id();

}  // namespace m3u_proxy::store
