// Waiting reply: the reply of a source that waits in quarantine, until somebody decides about it.
#pragma once

#include <cstddef>
#include <optional>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/jobs/model.hpp>
#include <m3u_proxy/jobs/refresher.hpp>
#include <m3u_proxy/jobs/replies/reply_comparison.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::jobs {

struct WaitingReplies {
  runtime::Process& process;
  store::Store& store;
  const Refresher& refresher;
};

/// What it would change, with up to `limit` changes of each kind; nullopt: none waits. Not for
/// sources that a plugin reads. Errors: of the store, and as compare_replies().
Result<std::optional<ReplyComparison>> compare_waiting_reply(const WaitingReplies& where,
                                                             const SourceEntry& source,
                                                             std::size_t limit, store::Time now,
                                                             const CancelToken& cancel);

/// Drops it: the last good one counts as confirmed. False: none waits. Errors: of the store.
Result<bool> drop_waiting_reply(store::Store& store, const Uuid& source, store::Time now);

}  // namespace m3u_proxy::jobs
