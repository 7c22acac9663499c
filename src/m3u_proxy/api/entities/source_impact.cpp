#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/entities/entity_impact.hpp>
#include <m3u_proxy/api/entities/entity_view.hpp>
#include <m3u_proxy/api/entities/source_impact.hpp>
#include <m3u_proxy/jobs/inspection.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::string_view kOnlyProvider =
    "what comes is not known before it is fetched: the counts are those of what is there";

std::string place_of(int descriptor) { return fmt::format("/proc/self/fd/{}", descriptor); }

void write_content(Json& json, std::string_view name, const store::SourceSnapshot* content) {
  json.key(name);
  if (content == nullptr) {
    json.null();
    return;
  }
  json.begin_object().member("items", content->items).member("bytes", content->bytes);
  time_member(json, "fetched", content->fetched);
  json.end_object();
}

bool is_made_of(const jobs::ProxyEntry& proxy, const jobs::SourceEntry& source) {
  const auto& names = source.is_guide ? proxy.config.epg_sources : proxy.config.sources;
  return std::ranges::find(names, source.config.name.name, &config::Named::name) != names.end();
}

/// The proxies that are made of a source, as they would be.
Outcome<void> look_at_content(DryRun& run, const jobs::Model& model,
                              const jobs::SourceEntry& source,
                              const std::optional<PlannedContent>& after) {
  if (after && !after->content) return {};
  for (const jobs::ProxyEntry& proxy : model.proxies) {
    if (!is_made_of(proxy, source)) continue;
    const std::string& name = proxy.config.name.name;
    if (source.is_guide)
      M3U_CHECK(run.mention(proxy.id, name, kGuideOnly));
    else if (!after)
      M3U_CHECK(run.mention(proxy.id, name, kOnlyProvider));
    else
      M3U_CHECK(run.look(model, proxy, {.contents = {{source.id, *after->content}}}));
  }
  return {};
}

}  // namespace

std::unexpected<Problem> nothing_waits() {
  return problem(409, "nothing of this source waits in quarantine");
}

Outcome<PlannedContent> waiting_content(const ApiContext& context,
                                        const jobs::SourceEntry& source) {
  M3U_TRY(const auto all, context.store.snapshots().list(source.id));
  const auto waits =
      std::ranges::find(all, store::SnapshotState::kQuarantined, &store::SourceSnapshot::state);
  if (waits == all.end()) return nothing_waits();
  M3U_TRY(const auto files, context.refresher.open(source, *waits));
  return PlannedContent{
      .row = *waits,
      .content = jobs::OtherContent{.location = place_of(files->file(jobs::kContentFile)->get()),
                                    .bytes = waits->bytes},
      .keeps = files};
}

Outcome<PlannedContent> content_if_dropped(const ApiContext& context,
                                           const jobs::SourceEntry& source) {
  M3U_TRY(const auto all, context.store.snapshots().list(source.id));
  using enum store::SnapshotState;
  if (std::ranges::find(all, kQuarantined, &store::SourceSnapshot::state) == all.end())
    return nothing_waits();
  const auto current = std::ranges::find(all, kCurrent, &store::SourceSnapshot::state);
  if (current == all.end()) return nothing_waits();
  return PlannedContent{.row = *current};
}

Outcome<PlannedContent> uploaded_content(const ApiContext& context, const Call& call,
                                         const jobs::SourceEntry& source,
                                         const std::shared_ptr<const io::TempFile>& file) {
  runtime::Run run(
      context.process,
      {.threads = 1, .now = store::seconds_of(context.clock()), .cancel = &call.stopping});
  PlannedContent out{.row = {.bytes = file->size(), .fetched = context.clock()},
                     .content = jobs::OtherContent{.location = place_of(file->descriptor()),
                                                   .bytes = file->size()},
                     .keeps = file};
  config::SourceConfig uploaded = source.config;
  uploaded.location = out.content->location;
  const auto read = [&]() -> Result<jobs::Inspection> {
    if (source.is_guide) {
      const auto guide = run.sources().guide(uploaded, runtime::GuideReads::kOnce);
      M3U_TRY(const auto bytes, guide.open());
      const auto spill = context.process.make_spill_space();
      return jobs::inspect_guide(*bytes, context.process.budget(), spill.get(), call.stopping);
    }
    if (!uploaded.plugin.empty()) return jobs::inspect_by_plugin(uploaded, run);
    const auto playlist = run.sources().playlist(uploaded);
    M3U_TRY(const auto bytes, playlist.open());
    return jobs::inspect_playlist(*bytes, source.id, context.process.slabs(), call.stopping);
  };
  M3U_TRY(const jobs::Inspection found, read());
  out.row.items = found.items;
  return out;
}

Answer source_answer(const ApiContext& context, PublishedData& data, const Call& call,
                     const jobs::SourceEntry& source, const std::optional<PlannedContent>& after,
                     const std::optional<store::Job>& joins) {
  const auto model = context.conductor.model();
  if (!model) return problem(503, "this source is being taken over: ask again");
  M3U_TRY(const auto before, context.store.snapshots().current(source.id));
  DryRun run(context, data, call);
  M3U_CHECK(look_at_content(run, *model, source, after));
  std::string text;
  Json json(text);
  json.begin_object();
  run.write(json);
  write_content(json, "before", before ? &*before : nullptr);
  write_content(json, "after", after ? &after->row : nullptr);
  json.key("joins");
  joins ? write_job(json, context, *joins) : static_cast<void>(json.null());
  json.end_object();
  return json_answer(std::move(text));
}

}  // namespace m3u_proxy::api
