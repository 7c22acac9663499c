// The log of requests: one line for each at debug, and for each that failed at warn; module "http".
// Addresses are logged as the routes' patterns, since they hold tokens.
#pragma once

#include <m3u_proxy/http/server.hpp>

namespace m3u_proxy::daemon {

void log_access(const http::AccessRecord& record);

}  // namespace m3u_proxy::daemon
