// Signals: Ctrl-C and SIGTERM ask the running job to stop; a second one ends the program at once.
#pragma once

#include <m3u_proxy/base/cancel.hpp>

namespace m3u_proxy::cli {

/// Lets SIGINT and SIGTERM cancel `token`, which must live until the program ends, and ignores
/// SIGPIPE. Call once, before threads are made.
void cancel_on_signals(CancelToken& token);

}  // namespace m3u_proxy::cli
