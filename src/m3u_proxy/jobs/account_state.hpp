// The state of a provider's account, as the last refresh of its source found it.
#pragma once

#include <optional>

#include <m3u_proxy/channels/source_stats.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

/// nullopt: the source has no account, or was not refreshed within the time that reports are kept.
/// Errors: of the store.
Result<std::optional<channels::AccountStats>> account_of(store::Store& store,
                                                         const SourceEntry& source);

}  // namespace m3u_proxy::jobs
