#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/sources/source_fetch.hpp>

namespace m3u_proxy::runtime {
namespace {

net::FetchOptions fetch_options(const RunOptions& options) {
  net::FetchOptions fetch = sources::source_fetch_options();
  fetch.guard = options.guard;
  fetch.max_bytes = options.max_download;
  fetch.beyond = options.beyond_max_download;
  fetch.on_retry_after = options.on_retry_after;
  return fetch;
}

}  // namespace

Run::Run(Process& process, RunOptions options)
    : process_(process),
      options_(std::move(options)),
      sources_(process, options_.cache_dir, options_.cancel, options_.several_readers,
               fetch_options(options_), options_.folders),
      monitor_(std::nullopt, {.restart_kernel_peak = process.cleanup().detailed_logging}) {
  restart(options_.now);
}

Run::~Run() { finish(); }

void Run::restart(std::int64_t now) {
  options_.now = now;
  if (!spill_) spill_ = process_.make_spill_space();
  sources_.begin(*spill_);
  cleanup_between_stages_ = process_.cleanup().cleanup_between_stages;
  cleanup_ = process_.make_cleanup_coordinator();
}

void Run::finish() {
  sources_.end();
  spill_.reset();
}

pipeline::RunContext Run::context() {
  return {.budget = &process_.budget(),
          .slabs = &process_.slabs(),
          .spill = spill_.get(),
          .cancel = options_.cancel != nullptr ? options_.cancel : &never_,
          .progress = options_.progress,
          .threads = options_.threads,
          .batch_rows = options_.batch_rows,
          .now = options_.now};
}

Result<generation::GenerationStats> Run::generate(const generation::ResolvedProxyConfig& proxy,
                                                  const Job& job) {
  memory::RunHistory history;
  if (job.history != nullptr) history = job.history->read(proxy.name);
  const auto limit = process_.memory_limit();
  const memory::Prediction expected = memory::predict(history, job.size, process_.fixed(), limit);
  log::debug("memory.prediction", "'{}': {} channels and {:.1f}MB are expected, by {} earlier runs",
             proxy.name, expected.channels, expected.peak_mb, expected.runs);
  const memory::StartingPoint start = memory::starting_point(expected, limit);
  log::debug("memory.prediction", "'{}' begins at {}: {}", proxy.name,
             memory::to_string(start.pressure), start.why);

  const Counters before = counters();
  generation::GenerationServices first = services(job, expected, start.pressure);
  first.last_guide_programmes = generation::last_guide_programmes(history);
  M3U_TRY(generation::GenerationStats stats, generate_within(proxy, job, first));
  if (limit) stats.budget.limit_mb = limit->mb();
  sources_.add_origins(proxy.name, stats);
  const Counters after = counters();
  stats.spill = {
      .bytes = after.spill.total - before.spill.total + after.downloaded - before.downloaded,
      .files = after.spill.files - before.spill.files};
  stats.memory.prediction = expected;
  fill_memory_report(before, stats);
  if (job.history == nullptr) return stats;
  history.add(generation::record_of_run(stats, job.size, options_.now, history));
  if (const auto written = job.history->write(proxy.name, history); !written)
    log::warn("memory.prediction", "{}", to_string(written.error()));
  return stats;
}

/// A generation that runs out of memory although it could still shrink runs once more, from the
/// start with what Emergency allows: what it publishes is the same.
Result<generation::GenerationStats> Run::generate_within(
    const generation::ResolvedProxyConfig& proxy, const Job& job,
    const generation::GenerationServices& first) {
  constexpr auto kLast = memory::MemoryPressureLevel::kEmergency;
  auto stats = generation::generate(proxy, job.publisher, context(), first);
  if (stats || stats.error().code != ErrorCode::kOverBudget || !process_.memory_limit() ||
      first.begin_at == kLast)
    return stats;
  log::info("memory", "'{}' did not fit: once more, one small batch at a time ({})", proxy.name,
            stats.error().message);
  process_.release_kept();
  generation::GenerationServices careful = first;
  careful.begin_at = kLast;
  careful.watch.least_level = kLast;
  auto again = generation::generate(proxy, job.publisher, context(), careful);
  // A source that can be read once only, such as standard input, is not to blame; a full disk is,
  // where it took the way out of memory.
  if (!again && again.error().code != ErrorCode::kCancelled &&
      again.error().code != ErrorCode::kDiskFull)
    return fail(stats.error());
  return again;
}

generation::GenerationServices Run::services(const Job& job, const memory::Prediction& expected,
                                             memory::MemoryPressureLevel begin_at) {
  return {.watch = {.memory = &process_.memory(),
                    .cleanup = cleanup_.get(),
                    .memory_check_interval = options_.memory_check_interval,
                    .cleanup_strategy = options_.cleanup_strategy},
          .monitor = &monitor_,
          .lineup = job.lineup,
          .cleanup_between_stages = cleanup_between_stages_,
          .begin_at = begin_at,
          .spill_folder = process_.spill_folder(),
          .expected = {.items = expected.channels, .input_bytes = job.size.source_bytes},
          .expected_peaks = expected.stages};
}

Run::Counters Run::counters() const {
  return {.cleanups = cleanup_->summary(),
          .pools = process_.slabs().stats(),
          .limit_changes = process_.memory().limit_changes(),
          .spill = spill_->stats(),
          .downloaded = sources_.spilled_bytes(),
          .resident = process_.memory().sample().resident};
}

void Run::fill_memory_report(const Counters& before, generation::GenerationStats& stats) {
  const Counters after = counters();
  generation::MemoryReport& report = stats.memory;
  report.fixed_mb = process_.fixed().mb();
  report.cleanup_failures = after.cleanups.failures - before.cleanups.failures;
  const auto& history = cleanup_->history();
  const auto cleanups = std::min<std::uint64_t>(
      after.cleanups.operations - before.cleanups.operations, history.size());
  report.cleanup_history.assign(history.end() - static_cast<std::ptrdiff_t>(cleanups),
                                history.end());
  report.pools = {.requests = after.pools.requests - before.pools.requests,
                  .hits = after.pools.hits - before.pools.hits,
                  .kept = after.pools.kept};
  report.limit_changes = process_.memory().limit_changes_from(before.limit_changes);
  report.alerts = memory::raise_alerts(options_.monitoring,
                                       {.proxy = stats.proxy,
                                        .peak_mb = stats.peak_memory_usage_mb,
                                        .began_mb = before.resident.mb(),
                                        .channels = stats.channels,
                                        .cleanup_failures = report.cleanup_failures,
                                        .plugins = process_.plugins().take_growth()},
                                       options_.alerts);
}

Result<generation::PreviewResult> Run::preview(const generation::ResolvedProxyConfig& proxy,
                                               std::size_t limit) {
  return generation::preview(proxy, context(), limit);
}

Result<std::vector<generation::ExplainedChannel>> Run::explain(
    const generation::ResolvedProxyConfig& proxy, const generation::ExplainedParts& parts,
    const generation::ExplainedSubject& subject, std::size_t most) {
  return generation::explain(proxy, parts, subject, context(), most);
}

Result<generation::PreviewResult> Run::preview_programmes(
    const generation::ResolvedProxyConfig& proxy, std::size_t limit) {
  return generation::preview_programmes(proxy, context(), limit);
}

Result<generation::PreviewResult> Run::preview_guide_channels(
    const generation::ResolvedProxyConfig& proxy, std::size_t limit) {
  return generation::preview_guide_channels(proxy, context(), limit);
}

Result<> Run::list_guide_channels(const generation::ResolvedProxyConfig& proxy,
                                  generation::GuideChannelListener& listener) {
  return generation::list_guide_channels(proxy, context(), listener);
}

}  // namespace m3u_proxy::runtime
