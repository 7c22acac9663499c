#include <algorithm>
#include <system_error>
#include <vector>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/catalog/addresses.hpp>
#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/edits/listed_edits.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/runtime/configured.hpp>

namespace m3u_proxy::runtime {
namespace {

using config::Named;
using config::SourceConfig;

const SourceConfig* find_source(const std::vector<SourceConfig>& sources, const std::string& name) {
  const auto found = std::ranges::find_if(
      sources, [&](const SourceConfig& source) { return source.name.name == name; });
  return found == sources.end() ? nullptr : &*found;
}

/// 0 when it is not a file that can be measured.
std::uint64_t stored_size(std::string_view location) {
  constexpr std::string_view kFile = "file://";
  if (location.starts_with(kFile)) location.remove_prefix(kFile.size());
  std::error_code error;
  const std::filesystem::path path(location);
  if (!std::filesystem::is_regular_file(path, error)) return 0;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

std::uint64_t stored_size(const std::vector<SourceConfig>& sources,
                          const std::vector<Named>& used) {
  std::uint64_t total = 0;
  for (const Named& name : used) {
    const SourceConfig* const source = find_source(sources, name.name);
    const std::uint64_t size = source == nullptr ? 0 : stored_size(source->location);
    if (size == 0) return 0;
    total += size;
  }
  return total;
}

/// Those that hold for a proxy; what is said for it alone holds against what is said for all.
std::shared_ptr<const edits::ChannelEdits> edits_of(const config::Configuration& configuration,
                                                    const config::ProxyConfig& proxy) {
  std::vector<edits::ChannelEdit> chosen;
  for (const std::string_view name : {std::string_view(), std::string_view(proxy.name.name)})
    for (const config::EditConfig& edit : configuration.edits)
      if (edit.proxy.name == name) chosen.push_back(edit.edit);
  if (chosen.empty()) return nullptr;
  return std::make_shared<const edits::ListedEdits>(std::move(chosen));
}

/// Whether channels that a person wrote down have uploaded logos.
bool names_logos(const config::Configuration& configuration, const config::ProxyConfig& proxy) {
  return std::ranges::any_of(proxy.sources, [&](const Named& name) {
    const SourceConfig* const source = find_source(configuration.sources, name.name);
    return source != nullptr &&
           std::ranges::any_of(source->channels, [](const config::ManualChannel& channel) {
             return channel.logo.starts_with(catalog::kLogoHelper);
           });
  });
}

}  // namespace

ProcessOptions process_options(const config::Configuration& configuration,
                               const std::filesystem::path& out) {
  const config::ProxyMemoryConfig& memory = configuration.proxy_memory;
  ProcessOptions options{
      .memory_limit = memory.max_memory_mb,
      .warning_threshold = memory.warning_threshold,
      .pressure_thresholds = memory.pressure_thresholds,
      .pools = configuration.memory_pools,
      .cleanup = configuration.memory_cleanup,
      .spill_folder = memory.spill_dir,
      .spill_folder_is_named = !memory.spill_dir.empty(),
      .max_spill_mb = memory.max_spill_mb,
      .plugins = {
          .settings = configuration.wasm_plugins,
          .leak_threshold_mb = configuration.memory_monitoring.plugin_memory_leak_threshold}};
  if (options.spill_folder.empty())
    options.spill_folder = out.empty() ? std::filesystem::temp_directory_path() : out;
  return options;
}

RunOptions run_options(const config::Configuration& configuration) {
  const config::ProxyMemoryConfig& memory = configuration.proxy_memory;
  return {
      .max_download = mib(memory.max_download_mb).count,
      .several_readers = configuration.proxies.size() > 1,
      .batch_rows = memory.batch_size,
      .memory_check_interval = memory.memory_check_interval,
      .cleanup_strategy = memory::chosen_cleanup_strategy(memory.cleanup_strategy, memory.use_case),
      .monitoring = configuration.memory_monitoring};
}

Result<> prepare_output_folder(const std::filesystem::path& out) {
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (error) return fail(system_error("cannot make the folder " + out.string(), error.value()));
  io::remove_stale_temporaries(out);
  return {};
}

memory::RunSize size_of_run(const config::Configuration& configuration,
                            const config::ProxyConfig& proxy) {
  return {.source_bytes = stored_size(configuration.sources, proxy.sources),
          .guide_bytes = stored_size(configuration.epg_sources, proxy.epg_sources)};
}

Result<generation::ResolvedProxyConfig> resolve(const config::Configuration& configuration,
                                                const config::ProxyConfig& proxy, Run& run) {
  RunSources& sources = run.sources();
  generation::ResolvedProxyConfig out;
  out.name = proxy.name.name;
  for (const Named& name : proxy.sources)
    if (const auto* source = find_source(configuration.sources, name.name))
      out.sources.push_back(sources.playlist(*source));
  out.names_logos = names_logos(configuration, proxy);
  M3U_TRY(config::ProxyExpressions compiled,
          config::compile_expressions(configuration, proxy, run.now()));
  const bool by_id = proxy.guide.match == guide::GuideMatch::kId && !compiled.guide_channel_rules;
  const auto reads = by_id ? GuideReads::kOnce : GuideReads::kTwice;
  for (const Named& name : proxy.epg_sources)
    if (const auto* source = find_source(configuration.epg_sources, name.name))
      out.epg_sources.push_back(sources.guide(*source, reads));
  out.channel_filters = std::move(compiled.channel_filters);
  out.channel_rules = std::move(compiled.channel_rules);
  out.programme_filters = std::move(compiled.programme_filters);
  out.programme_rules = std::move(compiled.programme_rules);
  out.guide_channel_rules = std::move(compiled.guide_channel_rules);
  out.starting_channel_number = proxy.starting_channel_number;
  out.numbering = proxy.numbering;
  out.ranges = proxy.ranges;
  out.sort = proxy.sort;
  out.edits = edits_of(configuration, proxy);
  out.mode = proxy.mode;
  out.name_style = proxy.name_style;
  out.fill_tvg_id = proxy.fill_tvg_id || proxy.guide.match == guide::GuideMatch::kName;
  out.compress = proxy.compress;
  out.cache_logos = proxy.cache_logos;
  out.use_playlist_guides = proxy.use_playlist_guides;
  out.base_url = proxy.base_url;
  out.guide = proxy.guide;
  out.max_shrink = proxy.max_shrink;
  out.allow_empty = proxy.allow_empty;
  out.plugins = [&plugins = run.process().plugins()] { return plugins.begin_generation(); };
  out.playlist_guide = [&sources, reads](const std::string& url) {
    SourceConfig source;
    source.name.name = redact_url(url);
    source.location = url;
    return sources.guide(source, reads);
  };
  return out;
}

Result<generation::GenerationStats> generate_to_files(const config::Configuration& configuration,
                                                      const config::ProxyConfig& proxy, Run& run,
                                                      const std::filesystem::path& out) {
  M3U_TRY(const generation::ResolvedProxyConfig resolved, resolve(configuration, proxy, run));
  generation::FilePublisher publisher(generation::OutputPaths::in(out, proxy.name.name));
  generation::HistoryFiles history(out);
  return run.generate(
      resolved,
      {.publisher = publisher, .history = &history, .size = size_of_run(configuration, proxy)});
}

}  // namespace m3u_proxy::runtime
