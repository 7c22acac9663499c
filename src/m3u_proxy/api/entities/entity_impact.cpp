#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_impact.hpp>

namespace m3u_proxy::api {
namespace {

using store::EntityKind;

constexpr std::string_view kAsFetched =
    "the source is as it was fetched last: what it brings then is not known";

void erase_of_guides(std::vector<config::Named>& names,
                     const std::vector<config::ExpressionConfig>& expressions) {
  std::erase_if(names, [&](const config::Named& name) {
    const auto found = std::ranges::find_if(
        expressions, [&](const auto& expression) { return expression.name.name == name.name; });
    return found != expressions.end() && found->applies_to != catalog::Domain::kChannels;
  });
}

/// What the channels of a proxy are made of.
std::string channels_of(const jobs::Model& model, jobs::ProxyEntry proxy) {
  proxy.config.epg_sources.clear();
  erase_of_guides(proxy.config.filters, model.configuration.filters);
  erase_of_guides(proxy.config.rules, model.configuration.rules);
  return jobs::definition_of(model, proxy);
}

/// Whether a source of a proxy is new or another one.
bool has_other_source(const jobs::Model& before, const jobs::Model& after,
                      const jobs::ProxyEntry& proxy) {
  return std::ranges::any_of(proxy.config.sources, [&](const config::Named& name) {
    const std::string key = fmt::format("{} {}", store::to_string(EntityKind::kSource), name.name);
    const auto was = before.bodies.find(key);
    const auto is = after.bodies.find(key);
    return is != after.bodies.end() && (was == before.bodies.end() || was->second != is->second);
  });
}

}  // namespace

Outcome<void> look_at_models(DryRun& run, const jobs::Model& before, const jobs::Model& after,
                             const OtherInputs& others) {
  for (const jobs::ProxyEntry& proxy : after.proxies) {
    const jobs::ProxyEntry* const was = before.find_proxy(proxy.id);
    bool differs = was == nullptr;
    if (!differs && others.differ) {
      M3U_TRY(differs, others.differ(proxy));
    }
    if (!differs && jobs::definition_of(before, *was) == jobs::definition_of(after, proxy))
      continue;
    if (!differs && channels_of(before, *was) == channels_of(after, proxy)) {
      M3U_CHECK(run.mention(proxy.id, proxy.config.name.name, kGuideOnly));
      continue;
    }
    PreviewOptions options;
    if (others.options) {
      M3U_TRY(options, others.options(proxy));
    }
    M3U_CHECK(run.look(after, proxy, std::move(options),
                       has_other_source(before, after, proxy) ? kAsFetched : std::string_view()));
  }
  for (const jobs::ProxyEntry& proxy : before.proxies)
    if (after.find_proxy(proxy.id) == nullptr)
      M3U_CHECK(run.remove(proxy.id, proxy.config.name.name));
  return {};
}

Outcome<void> look_at_change(DryRun& run, const ApiContext& context, const jobs::DraftEntity& draft,
                             std::span<const jobs::DraftEntity> followers) {
  std::vector<jobs::DraftEntity> drafts = {draft};
  drafts.insert(drafts.end(), followers.begin(), followers.end());
  M3U_TRY(const auto before, model_with(context, {}));
  M3U_TRY(const auto after, model_with(context, drafts));
  return look_at_models(run, *before, *after);
}

}  // namespace m3u_proxy::api
