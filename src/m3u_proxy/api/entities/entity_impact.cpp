#include <algorithm>
#include <string_view>
#include <vector>

#include <m3u_proxy/api/entities/entity_impact.hpp>

namespace m3u_proxy::api {
namespace {

using store::EntityKind;

constexpr std::string_view kGuideOnly =
    "its channels stay as they are; what changes in its guide is not looked at";
constexpr std::string_view kAsFetched =
    "the source is as it was fetched last: what it brings then is not known";

/// Whether an entity only makes something of guides: by what it is, before or after.
bool is_of_guides(const jobs::Model& model, const jobs::DraftEntity& draft) {
  if (draft.kind == EntityKind::kEpgSource) return true;
  if (draft.kind != EntityKind::kFilter && draft.kind != EntityKind::kRule) return false;
  const auto& all =
      draft.kind == EntityKind::kFilter ? model.configuration.filters : model.configuration.rules;
  const auto found = std::ranges::find_if(
      all, [&](const auto& expression) { return expression.name.name == draft.name; });
  return found != all.end() && found->applies_to != catalog::Domain::kChannels;
}

}  // namespace

Outcome<void> look_at_change(DryRun& run, const ApiContext& context, const jobs::DraftEntity& draft,
                             std::span<const jobs::DraftEntity> followers) {
  std::vector<jobs::DraftEntity> drafts = {draft};
  drafts.insert(drafts.end(), followers.begin(), followers.end());
  M3U_TRY(const auto before, model_with(context, {}));
  M3U_TRY(const auto after, model_with(context, drafts));
  const bool is_guides = is_of_guides(*after, draft) && is_of_guides(*before, draft);
  const std::string_view note = draft.kind == EntityKind::kSource ? kAsFetched : "";
  for (const jobs::ProxyEntry& proxy : after->proxies) {
    const jobs::ProxyEntry* const was = before->find_proxy(proxy.id);
    if (was != nullptr && jobs::definition_of(*before, *was) == jobs::definition_of(*after, proxy))
      continue;
    if (is_guides)
      M3U_CHECK(run.mention(proxy.id, proxy.config.name.name, kGuideOnly));
    else
      M3U_CHECK(run.look(*after, proxy, {}, note));
  }
  for (const jobs::ProxyEntry& proxy : before->proxies)
    if (after->find_proxy(proxy.id) == nullptr)
      M3U_CHECK(run.remove(proxy.id, proxy.config.name.name));
  return {};
}

}  // namespace m3u_proxy::api
