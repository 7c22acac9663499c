// Edits of channels in the store, and the same edits as a generation applies them.
#pragma once

#include <memory>
#include <optional>

#include <m3u_proxy/edits/channel_edit.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::records {

/// What a stored edit says, for a generation.
edits::ChannelEdit to_edit(const store::ChannelEdit& stored);
/// The same for the store; the edit is one of `proxy`, or of all.
store::ChannelEdit to_stored(const edits::ChannelEdit& edit, const std::optional<Uuid>& proxy);

/// What holds for a proxy, in memory; nullptr: nothing. `budget` outlives it. Errors: of the store;
/// kOverBudget.
Result<std::shared_ptr<const edits::ChannelEdits>> load_edits(store::Store& store,
                                                              const Uuid& proxy,
                                                              memory::Budget& budget);

}  // namespace m3u_proxy::records
