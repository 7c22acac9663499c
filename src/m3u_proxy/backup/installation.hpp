// The installation's mark: published files hold it where addresses go, so a generation can only be
// served where the mark is the same.
#pragma once

#include <string>

#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::backup {

/// A hash of it, which gives nothing of it away; empty when there is none yet. Errors: of the
/// store.
Result<std::string> installation_hash(store::Store& store);

}  // namespace m3u_proxy::backup
