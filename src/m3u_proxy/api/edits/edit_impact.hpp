// Edit impact: what edits of channels would do to the proxies that they are for.
#pragma once

#include <optional>
#include <vector>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/store/channel_edits.hpp>

namespace m3u_proxy::api {

/// Edits of one proxy, or of all, as they would be; one that says nothing is taken back.
struct EditDrafts {
  std::optional<Uuid> proxy{};
  std::vector<edits::ChannelEdit> edits{};
};
/// Looks at each proxy that they are for. Problems: as DryRun::look().
Outcome<void> look_at_edits(DryRun& run, const ApiContext& context, const EditDrafts& drafts);

/// What an edit takes in memory, once.
Bytes size_of(const edits::ChannelEdit& edit);

/// The proxy that a request's `proxy` names; nullopt: the edit is one for all. Problems: 422, 404.
Outcome<std::optional<Uuid>> scope_of(const ApiContext& context, std::optional<std::string> text);

/// Edits have changed: who asks next sees it.
void tell_of_edits(const ApiContext& context, PublishedData& data);

}  // namespace m3u_proxy::api
