// What a generation is made of: the snapshots of its sources, its definition, its edits.
#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include <m3u_proxy/jobs/clock_changes.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/jobs/generator.hpp>

namespace m3u_proxy::jobs {

Result<std::optional<std::string>> Generator::inputs_of(const Model& model,
                                                        const ProxyEntry& proxy) {
  std::string text = definition_of(model, proxy);
  bool any = false;
  for (const auto& [names, is_guide] :
       {std::pair(&proxy.config.sources, false), std::pair(&proxy.config.epg_sources, true)})
    for (const config::Named& name : *names) {
      const SourceEntry* const source = model.find_source(name.name, is_guide);
      if (source == nullptr) continue;
      M3U_TRY(const auto current, store_.snapshots().current(source->id));
      text += current ? to_string(current->id) : "none";
      text.push_back('\n');
      any = any || (!is_guide && (current || !source->config.channels.empty()));
    }
  if (!any) return std::nullopt;
  if (const auto until = next_change_by_clock(model, proxy, clock_()))
    text += fmt::format("until {}\n", store::seconds_of(*until));
  M3U_TRY(const std::string edits, edits_.hash_of(proxy.id));
  if (!edits.empty()) text += "edits " + edits;
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

Result<Generator::Inputs> Generator::open_inputs(const Model& model, const ProxyEntry& proxy,
                                                 const OtherContents& others) {
  Inputs inputs;
  M3U_TRY(inputs.revision, store_.entities().revision());
  inputs.configuration = model.configuration;
  M3U_TRY(auto text, inputs_of(model, proxy));
  const bool has_other = std::ranges::any_of(proxy.config.sources, [&](const config::Named& name) {
    const SourceEntry* const source = model.find_source(name.name, false);
    return source != nullptr && others.contains(source->id);
  });
  if (!text && !has_other)
    return fail(
        ErrorCode::kNotFound,
        fmt::format("\"{}\": none of its sources has been fetched yet", proxy.config.name.name),
        "see why with: m3u-proxy ctl status");
  inputs.text = std::move(text).value_or(std::string());
  for (const auto& [names, is_guide] :
       {std::pair(&proxy.config.sources, false), std::pair(&proxy.config.epg_sources, true)}) {
    auto& configs = is_guide ? inputs.configuration.epg_sources : inputs.configuration.sources;
    for (const config::Named& name : *names) {
      const SourceEntry* const source = model.find_source(name.name, is_guide);
      const auto config = std::ranges::find_if(
          configs, [&](const config::SourceConfig& c) { return c.name.name == name.name; });
      if (source == nullptr || config == configs.end()) continue;
      if (!config->channels.empty()) continue;  // they are in the configuration itself
      config->shown_as = config->location;
      std::uint64_t& bytes = is_guide ? inputs.size.guide_bytes : inputs.size.source_bytes;
      if (const auto other = others.find(source->id); other != others.end()) {
        config->location = other->second.location;
        bytes += other->second.bytes;
        continue;
      }
      M3U_TRY(const auto current, store_.snapshots().current(source->id));
      if (!current) {
        config->location = "/nonexistent";
        continue;
      }
      auto opened = refresher_.open(*source, *current);
      if (!opened) return fail(without_copy(*source, opened.error()));
      auto snapshot = *std::move(opened);
      if (const auto checked = refresher_.check_copy(*current, *snapshot); !checked)
        return fail(without_copy(*source, checked.error()));
      // The open file, so that it stays although the snapshot is removed meanwhile.
      config->location = fmt::format("/proc/self/fd/{}", snapshot->file(kContentFile)->get());
      bytes += current->bytes;
      inputs.snapshots.push_back(std::move(snapshot));
    }
  }
  return inputs;
}

/// What to say of a source whose last good copy cannot be opened: one that is gone or damaged is
/// fetched again.
Error Generator::without_copy(const SourceEntry& source, const Error& error) {
  if (error.code != ErrorCode::kNotFound && error.code != ErrorCode::kParse) return error;
  const store::Time now = clock_();
  if (const auto asked =
          store_.jobs().enqueue(refresh_job(source.id, JobPriority::kFollowUp, now), now);
      !asked)
    return asked.error();
  return {.code = ErrorCode::kUnavailable,
          .message = fmt::format("the last good copy of \"{}\" is damaged or gone: {}",
                                 source.config.name.name, error.message),
          .hint = "it is fetched again"};
}

}  // namespace m3u_proxy::jobs
