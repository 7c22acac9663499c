#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/inflate.hpp>
#include <m3u_proxy/io/temporary_name.hpp>
#include <m3u_proxy/io/transcode.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>
#if M3U_PROXY_WASM
#include <m3u_proxy/plugin_host/plugin_host.hpp>
#endif
#include <m3u_proxy/config/config_expressions.hpp>
#include <m3u_proxy/service/proxy_runner.hpp>
#include <m3u_proxy/service/run_history.hpp>

namespace m3u_proxy::service {
namespace {

/// What nobody reserves may grow by so much before the next look at the process's memory charges
/// it.
constexpr Bytes kBetweenLooks = mib(3);

constexpr std::string_view kPlaylistKind = "playlist";
constexpr std::string_view kGuideKind = "guide";

/// What is left of a download that broke off: its bytes, and then the error.
class PartialSource final : public io::ByteSource {
 public:
  PartialSource(std::unique_ptr<io::ByteSource> source, Error error)
      : source_(std::move(source)), error_(std::move(error)) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    M3U_TRY(const std::size_t size, source_->read(buffer));
    if (size == 0) return fail(error_);
    return size;
  }
  [[nodiscard]] std::uint64_t consumed() const override { return source_->consumed(); }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }

 private:
  std::unique_ptr<io::ByteSource> source_;
  Error error_;
};

sources::SourceRequest request_for(const config::SourceConfig& source,
                                   sources::SourceRequest::Reads reads) {
  sources::SourceRequest request{.name = source.name.name,
                                 .location = source.location,
                                 .user_agent = source.user_agent,
                                 .headers = {},
                                 .reads = reads};
  for (const auto& [name, value] : source.headers)
    request.headers.push_back({.name = name, .value = value});
  return request;
}

const config::SourceConfig* find_source(const std::vector<config::SourceConfig>& sources,
                                        const std::string& name) {
  const auto found = std::ranges::find_if(
      sources, [&](const config::SourceConfig& source) { return source.name.name == name; });
  return found == sources.end() ? nullptr : &*found;
}

std::string origin_key(std::string_view kind, const std::string& name) {
  return fmt::format("{} {}", kind, name);
}

}  // namespace

Bytes least_working_memory() {
  // One batch of a hundred channels with its text and its frame, the reader's and the writer's
  // buffers, the first tables of keys, a window of the guide, and what the heap and the libraries
  // take beside that. Measured: a million channels with a gigabyte of guide.
  return mib(8);
}

ProxyRunner::ProxyRunner(const config::Configuration& configuration, RunnerOptions options)
    : configuration_(configuration),
      options_(std::move(options)),
      slabs_(budget_, configuration.memory_pools) {}

Result<std::unique_ptr<ProxyRunner>> ProxyRunner::create(const config::Configuration& configuration,
                                                         RunnerOptions options) {
  std::unique_ptr<ProxyRunner> runner(new ProxyRunner(configuration, std::move(options)));
  M3U_CHECK(runner->set_memory_limit());
  M3U_CHECK(runner->make_plugin_host());
  runner->end_run();
  if (!configuration.proxy_memory.spill_dir.empty()) M3U_CHECK(runner->check_spill_folder());
  if (!runner->options_.out.empty()) M3U_CHECK(runner->prepare_folders());
  runner->prepare_memory_services();
  runner->begin_run(runner->options_.now);
  return runner;
}

ProxyRunner::~ProxyRunner() = default;

#if M3U_PROXY_WASM

Result<> ProxyRunner::make_plugin_host() {
  const plugins::PluginSettings& settings = configuration_.wasm_plugins;
  if (!settings.enabled) return {};
  plugin_host_ = std::make_unique<plugin_host::PluginHost>(plugin_host::PluginHost::Options{
      .settings = settings,
      .compile = {.cache = settings.cache_directory, .compiler = options_.plugin_compiler},
      .budget = &budget_,
      .request_cleanup = [this] { slabs_.trim(); },
      .leak_threshold_mb = configuration_.memory_monitoring.plugin_memory_leak_threshold});
  return {};
}

Result<std::unique_ptr<generation::StagePlugins>> ProxyRunner::begin_plugins() {
  M3U_CHECK(plugin_host_->refresh());
  return plugin_host_->begin_run();
}

std::vector<memory::PluginGrowth> ProxyRunner::plugin_growth() {
  return plugin_host_ ? plugin_host_->take_growth() : std::vector<memory::PluginGrowth>();
}

#else

}  // namespace m3u_proxy::service

class m3u_proxy::plugin_host::PluginHost {};

namespace m3u_proxy::service {

Result<> ProxyRunner::make_plugin_host() {
  if (!configuration_.wasm_plugins.enabled) return {};
  return fail(ErrorCode::kConfig, "this build of m3u-proxy has no plugins",
              "set [wasm_plugins] enabled = false, or build with -DM3U_PROXY_WASM=ON");
}

Result<std::unique_ptr<generation::StagePlugins>> ProxyRunner::begin_plugins() { return nullptr; }

std::vector<memory::PluginGrowth> ProxyRunner::plugin_growth() { return {}; }

#endif

void ProxyRunner::prepare_memory_services() {
  const auto limit_mb = limit_ ? std::optional(limit_->mb()) : std::nullopt;
  memory::MonitorOptions watching;
  watching.warning_threshold = configuration_.proxy_memory.warning_threshold;
  monitor_ = std::make_unique<memory::SimpleMemoryMonitor>(limit_mb, std::move(watching));
  configure_cleanup();
  if (configuration_.proxy_memory.max_memory_mb.kind != config::MemoryLimitSetting::Kind::kAuto)
    return;
  memory::DynamicLimitOptions following{.fixed = fixed_ + kBetweenLooks, .least = least_};
  following.on_change = [this](Bytes limit) {
    if (!configuration_.memory_cleanup.memory_pressure_threshold_mb)
      cleanup_->set_threshold_mb(limit.mb());
  };
  dynamic_limit_ = std::make_unique<memory::DynamicLimit>(budget_, monitor_.get(), *limit_,
                                                          std::move(following));
}

void ProxyRunner::configure_cleanup() {
  memory::MemoryCleanupConfig cleaning = configuration_.memory_cleanup;
  const auto limit = dynamic_limit_ ? dynamic_limit_->limit() : limit_;
  if (!cleaning.memory_pressure_threshold_mb)
    cleaning.memory_pressure_threshold_mb =
        limit.value_or(memory::threshold_for_system(memory::read_memory())).mb();
  cleanup_ = std::make_unique<memory::MemoryCleanupCoordinator>(cleaning);
  cleanup_->add_release_hook([this] { return slabs_.trim(); });
}

void ProxyRunner::begin_run(std::int64_t now) {
  options_.now = now;
  origins_.clear();
  store_ = std::make_unique<sources::SourceStore>(sources::SourceStoreOptions{
      .temp_folder = [this] { return temp_folder(); },
      .cache_dir = options_.cache_dir,
      .fetch = {},
      .cancel = options_.cancel,
      .clock = {},
      .validate = [this](const sources::SourceRequest&, std::unique_ptr<io::ByteSource> bytes)
          -> Result<> { return check_download(std::move(bytes)); }});
}

void ProxyRunner::end_run() {
  store_.reset();
  temp_folder_.reset();
  spill_ = std::make_unique<spill::SpillSpace>(
      spill::SpillSpace::Options{.folder = spill_folder(),
                                 .max = mib(configuration_.proxy_memory.max_spill_mb),
                                 .tmpfs = io::TempFolder::Tmpfs::kRefuse});
}

Result<> ProxyRunner::check_download(std::unique_ptr<io::ByteSource> bytes) {
  const auto inflated = io::make_inflating_source(std::move(bytes), budget_);
  std::array<char, 512> beginning{};
  M3U_TRY(const std::size_t size, inflated->read(beginning));
  const std::string_view text = trim(std::string_view(beginning.data(), size));
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kParse,
                fmt::format("the provider answered with {}: \"{}\"", what, excerpt(text)));
  };
  if (text.empty()) return refuse("nothing");
  if (text.front() == '{' || text.front() == '[') return refuse("JSON");
  if (starts_with_ascii_case(text, "<!doctype html") || starts_with_ascii_case(text, "<html"))
    return refuse("an HTML page");
  return {};
}

Result<> ProxyRunner::set_memory_limit() {
  using Kind = config::MemoryLimitSetting::Kind;
  M3U_TRY(fixed_, memory::process_memory().charged());
  const config::MemoryLimitSetting& wanted = configuration_.proxy_memory.max_memory_mb;
  if (wanted.kind == Kind::kNone) return {};
  const memory::MemoryReadings readings = memory::read_memory();
  const memory::ChosenLimit chosen = wanted.kind == Kind::kAuto
                                         ? memory::automatic_limit(readings)
                                         : memory::capped_limit(wanted.fixed, readings);
  if (!chosen.why.empty()) log::info("memory", "{}", chosen.why);
  least_ = fixed_ + kBetweenLooks + least_working_memory();
  if (chosen.limit < least_)
    return fail(
        ErrorCode::kOverBudget,
        fmt::format("a memory limit of {:.0f} MB does not allow this job", chosen.limit.mb()),
        // What the process takes by itself differs by some 100 KB from run to run.
        fmt::format("the least that works is {} MB", ((least_ + mib(1)).count >> 20U) + 1));
  limit_ = chosen.limit;
  budget_.set_limit(chosen.limit - fixed_ - kBetweenLooks);
  budget_.set_program_size(fixed_ + kBetweenLooks);
  return {};
}

Result<> ProxyRunner::prepare_folders() const {
  std::error_code error;
  std::filesystem::create_directories(options_.out, error);
  if (error)
    return fail(system_error("cannot make the folder " + options_.out.string(), error.value()));
  io::remove_stale_temporaries(options_.out);
  return {};
}

std::filesystem::path ProxyRunner::spill_folder() const {
  if (!configuration_.proxy_memory.spill_dir.empty()) return configuration_.proxy_memory.spill_dir;
  return options_.out.empty() ? std::filesystem::temp_directory_path() : options_.out;
}

/// Downloads wait on disk; beside an output that is in memory itself they may wait there too.
Result<io::TempFolder*> ProxyRunner::temp_folder() {
  if (temp_folder_) return temp_folder_.get();
  auto folder = spill_->folder();
  const bool in_memory = !folder && folder.error().code == ErrorCode::kInvalidArgument;
  if (!in_memory || !configuration_.proxy_memory.spill_dir.empty()) return folder;
  M3U_TRY(temp_folder_, io::TempFolder::create(spill_folder(), io::TempFolder::Tmpfs::kAllow));
  return temp_folder_.get();
}

/// A folder that was named is tried at once: a job should not fail of it after an hour.
Result<> ProxyRunner::check_spill_folder() {
  const auto made = temp_folder();
  if (made) return {};
  Error error = made.error();
  error.code = ErrorCode::kConfig;
  error.where.source = "spill_dir";
  return fail(std::move(error));
}

pipeline::RunContext ProxyRunner::context() {
  return {.budget = &budget_,
          .slabs = &slabs_,
          .spill = spill_.get(),
          .cancel = options_.cancel,
          .progress = options_.progress,
          .threads = options_.threads,
          .batch_rows = configuration_.proxy_memory.batch_size,
          .now = options_.now};
}

channels::PlaylistSource ProxyRunner::playlist_source(const config::SourceConfig& source) {
  const std::string key = origin_key(kPlaylistKind, source.name.name);
  channels::PlaylistSource out;
  out.name = source.name.name;
  out.url = redact_url(source.location);
  out.plugin = source.plugin;
  out.open = [this, source, key]() -> Result<std::unique_ptr<io::ByteSource>> {
    M3U_TRY(const auto stored,
            store_->get(request_for(source, configuration_.proxies.size() > 1
                                                ? sources::SourceRequest::Reads::kSeveralTimes
                                                : sources::SourceRequest::Reads::kOnce)));
    origins_[key] = stored->info();
    M3U_TRY(auto bytes, stored->open());
    if (stored->info().partial && stored->info().error)
      bytes = std::make_unique<PartialSource>(std::move(bytes), *stored->info().error);
    return io::make_text_source(io::make_inflating_source(std::move(bytes), budget_),
                                source.encoding);
  };
  out.origin = [this, key] {
    const sources::SourceInfo& info = origins_[key];
    return channels::SourceOrigin{.from_cache = info.from_cache, .age_seconds = info.age_s};
  };
  return out;
}

guide::GuideSource ProxyRunner::guide_source(const config::SourceConfig& source,
                                             guide::GuideMatch match) {
  const bool once = match == guide::GuideMatch::kId && configuration_.proxies.size() <= 1;
  guide::GuideSource out;
  out.name = source.name.name;
  out.url = redact_url(source.location);
  out.time_offset_seconds = source.time_offset_seconds;
  out.open = [this, source, once]() -> Result<std::unique_ptr<io::ByteSource>> {
    using Reads = sources::SourceRequest::Reads;
    M3U_TRY(const auto stored,
            store_->get(request_for(source, once ? Reads::kOnce : Reads::kSeveralTimes)));
    origins_[origin_key(kGuideKind, source.name.name)] = stored->info();
    M3U_TRY(auto bytes, stored->open());
    if (stored->info().partial && stored->info().error)
      bytes = std::make_unique<PartialSource>(std::move(bytes), *stored->info().error);
    return io::make_inflating_source(std::move(bytes), budget_);
  };
  return out;
}

Result<generation::ResolvedProxyConfig> ProxyRunner::resolve(const config::ProxyConfig& proxy) {
  generation::ResolvedProxyConfig out;
  out.name = proxy.name.name;
  for (const config::Named& name : proxy.sources)
    if (const auto* source = find_source(configuration_.sources, name.name))
      out.sources.push_back(playlist_source(*source));
  for (const config::Named& name : proxy.epg_sources)
    if (const auto* source = find_source(configuration_.epg_sources, name.name))
      out.epg_sources.push_back(guide_source(*source, proxy.guide.match));
  M3U_TRY(config::ProxyExpressions compiled,
          config::compile_expressions(configuration_, proxy, options_.now));
  out.channel_filters = std::move(compiled.channel_filters);
  out.channel_rules = std::move(compiled.channel_rules);
  out.programme_filters = std::move(compiled.programme_filters);
  out.programme_rules = std::move(compiled.programme_rules);
  out.starting_channel_number = proxy.starting_channel_number;
  out.numbering = proxy.numbering;
  out.ranges = proxy.ranges;
  out.sort = proxy.sort;
  out.mode = proxy.mode;
  out.name_style = proxy.name_style;
  out.fill_tvg_id = proxy.fill_tvg_id || proxy.guide.match == guide::GuideMatch::kName;
  out.compress = proxy.compress;
  out.use_playlist_guides = proxy.use_playlist_guides;
  out.base_url = proxy.base_url;
  out.guide = proxy.guide;
  out.max_shrink = proxy.max_shrink;
  if (plugin_host_) out.plugins = [this] { return begin_plugins(); };
  out.playlist_guide = [this, match = proxy.guide.match](const std::string& url) {
    config::SourceConfig source;
    source.name.name = redact_url(url);
    source.location = url;
    return guide_source(source, match);
  };
  return out;
}

/// What the provider did is not in the bytes: it is added to what the pipeline saw.
void ProxyRunner::add_origins(const std::string& proxy_name,
                              generation::GenerationStats& stats) const {
  for (channels::SourceStats& source : stats.sources_detail) {
    const auto found = origins_.find(origin_key(source.kind, source.name));
    if (found == origins_.end()) continue;
    const sources::SourceInfo& info = found->second;
    source.from_cache = source.from_cache || info.from_cache;
    if (info.from_cache) source.age_s = info.age_s;
    source.partial = source.partial || info.partial;
    if (source.error.empty() && info.error) source.error = to_string(*info.error);
    stats.degraded = stats.degraded || info.from_cache || info.partial;
    if (info.from_cache)
      log::warn("sources", "{} of proxy \"{}\" is {} s old, from the cache: {}", source.name,
                proxy_name, info.age_s, source.error);
  }
}

generation::OutputPaths ProxyRunner::outputs(const std::string& proxy_name) const {
  return {.playlist = options_.out / (proxy_name + ".m3u"),
          .guide = options_.out / (proxy_name + ".xmltv"),
          .spill_folder = spill_folder()};
}

Result<generation::GenerationStats> ProxyRunner::generate(const config::ProxyConfig& proxy) {
  M3U_TRY(const generation::ResolvedProxyConfig resolved, resolve(proxy));
  return generate(resolved, outputs(proxy.name.name), size_of_run(configuration_, proxy));
}

Result<generation::GenerationStats> ProxyRunner::generate(
    const generation::ResolvedProxyConfig& resolved, const generation::OutputPaths& outputs,
    const memory::RunSize& size) {
  const auto history_file = history_path(outputs.playlist.parent_path(), resolved.name);
  memory::RunHistory history = read_history(history_file);
  const auto limit = dynamic_limit_ ? dynamic_limit_->limit() : limit_;
  const memory::Prediction expected = memory::predict(history, size, fixed_, limit);
  log::debug("memory.prediction", "'{}': {} channels and {:.1f}MB are expected, by {} earlier runs",
             resolved.name, expected.channels, expected.peak_mb, expected.runs);

  const memory::StartingPoint start = memory::starting_point(expected, limit);
  log::debug("memory.prediction", "'{}' begins at {}: {}", resolved.name,
             memory::to_string(start.pressure), start.why);

  const MemoryCounters before = memory_counters();
  M3U_TRY(generation::GenerationStats stats,
          generate_within(resolved, outputs, start.pressure,
                          {.items = expected.channels, .input_bytes = size.source_bytes}));
  if (limit) stats.budget.limit_mb = limit->mb();
  add_origins(resolved.name, stats);
  const spill::SpillStats spilled = spill_->stats();
  stats.spill = {.bytes = spilled.total + store_->spilled_bytes(), .files = spilled.files};
  stats.memory.prediction = expected;
  fill_memory_report(before, stats);
  if (outputs.receive) return stats;  // nothing is left beside an output that is not published
  history.add(record_of_run(stats, size, options_.now));
  if (const auto written = write_history(history_file, history); !written)
    log::warn("memory.prediction", "{}", to_string(written.error()));
  return stats;
}

/// A generation that runs out of memory although it could still shrink runs once more, from the
/// start with what Emergency allows: what it publishes is the same.
Result<generation::GenerationStats> ProxyRunner::generate_within(
    const generation::ResolvedProxyConfig& resolved, const generation::OutputPaths& outputs,
    memory::MemoryPressureLevel begin_at, const pipeline::WorkEstimate& expected) {
  constexpr auto kLast = memory::MemoryPressureLevel::kEmergency;
  auto stats = generation::generate(resolved, outputs, context(), services(begin_at, expected));
  if (stats || stats.error().code != ErrorCode::kOverBudget || !limit_ || begin_at == kLast)
    return stats;
  log::info("memory", "'{}' did not fit: once more, one small batch at a time ({})", resolved.name,
            stats.error().message);
  slabs_.trim();
  memory::release_free_heap();
  generation::GenerationServices careful = services(kLast, expected);
  careful.watch.least_level = kLast;
  auto again = generation::generate(resolved, outputs, context(), careful);
  // A source that can be read once only, such as standard input, is not to blame; a full disk is,
  // where it took the way out of memory.
  if (!again && again.error().code != ErrorCode::kCancelled &&
      again.error().code != ErrorCode::kDiskFull)
    return fail(stats.error());
  return again;
}

generation::GenerationServices ProxyRunner::services(memory::MemoryPressureLevel begin_at,
                                                     const pipeline::WorkEstimate& expected) {
  generation::GenerationServices out{
      .watch = {.monitor = monitor_.get(),
                .cleanup = cleanup_.get(),
                .dynamic_limit = dynamic_limit_.get(),
                .memory_check_interval = configuration_.proxy_memory.memory_check_interval,
                .cleanup_strategy =
                    memory::chosen_cleanup_strategy(configuration_.proxy_memory.cleanup_strategy,
                                                    configuration_.proxy_memory.use_case),
                .fixed_overhead = fixed_},
      .cleanup_between_stages = configuration_.memory_cleanup.cleanup_between_stages,
      .begin_at = begin_at,
      .expected = expected};
  if (configuration_.proxy_memory.pressure_thresholds == memory::PressureThresholds::kSystem)
    out.watch.system_thresholds = memory::calculate_optimal_thresholds();
  return out;
}

ProxyRunner::MemoryCounters ProxyRunner::memory_counters() const {
  return {.cleanups = cleanup_->summary(),
          .pools = slabs_.stats(),
          .limit_changes = dynamic_limit_ ? dynamic_limit_->changes().size() : 0};
}

void ProxyRunner::fill_memory_report(const MemoryCounters& before,
                                     generation::GenerationStats& stats) {
  const MemoryCounters after = memory_counters();
  generation::MemoryReport& report = stats.memory;
  report.fixed_mb = fixed_.mb();
  report.cleanup_failures = after.cleanups.failures - before.cleanups.failures;
  const auto& history = cleanup_->history();
  const auto cleanups = std::min<std::uint64_t>(
      after.cleanups.operations - before.cleanups.operations, history.size());
  report.cleanup_history.assign(history.end() - static_cast<std::ptrdiff_t>(cleanups),
                                history.end());
  report.pools = {.requests = after.pools.requests - before.pools.requests,
                  .hits = after.pools.hits - before.pools.hits,
                  .kept = after.pools.kept};
  if (dynamic_limit_)
    report.limit_changes.assign(
        dynamic_limit_->changes().begin() + static_cast<std::ptrdiff_t>(before.limit_changes),
        dynamic_limit_->changes().end());
  report.alerts = memory::raise_alerts(configuration_.memory_monitoring,
                                       {.proxy = stats.proxy,
                                        .peak_mb = stats.peak_memory_usage_mb,
                                        .channels = stats.channels,
                                        .cleanup_failures = report.cleanup_failures,
                                        .plugins = plugin_growth()},
                                       options_.alerts);
}

Result<generation::PreviewResult> ProxyRunner::preview(const config::ProxyConfig& proxy,
                                                       std::size_t limit) {
  M3U_TRY(const generation::ResolvedProxyConfig resolved, resolve(proxy));
  return generation::preview(resolved, context(), limit);
}

Result<generation::PreviewResult> ProxyRunner::preview_programmes(const config::ProxyConfig& proxy,
                                                                  std::size_t limit) {
  M3U_TRY(const generation::ResolvedProxyConfig resolved, resolve(proxy));
  return generation::preview_programmes(resolved, context(), limit);
}

}  // namespace m3u_proxy::service
