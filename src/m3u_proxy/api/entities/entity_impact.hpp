// Entity impact: what a change of sources, filters, rules and proxies would do to the proxies.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include <m3u_proxy/api/lineup/dry_run.hpp>
#include <m3u_proxy/jobs/model.hpp>

namespace m3u_proxy::api {

/// What is said of a proxy of which only guides would be others.
inline constexpr std::string_view kGuideOnly =
    "its channels stay as they are; what changes in its guide is not looked at";

/// What of proxies would be another beside what the two models say; both may be empty.
struct OtherInputs {
  std::function<Outcome<bool>(const jobs::ProxyEntry& proxy)> differ{};
  /// How a proxy is looked at that differs.
  std::function<Outcome<PreviewOptions>(const jobs::ProxyEntry& proxy)> options{};
};
/// Looks at each proxy that would be made of something else, is new or would be gone. Problems: as
/// DryRun::look(); those of `others`.
Outcome<void> look_at_models(DryRun& run, const jobs::Model& before, const jobs::Model& after,
                             const OtherInputs& others = {});

/// The same for one entity. `draft` is checked; `followers` are what changes with it. Problems: as
/// DryRun::look(); 422 where it does not fit the rest.
Outcome<void> look_at_change(DryRun& run, const ApiContext& context, const jobs::DraftEntity& draft,
                             std::span<const jobs::DraftEntity> followers = {});

}  // namespace m3u_proxy::api
