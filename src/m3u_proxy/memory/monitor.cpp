#include <algorithm>
#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/monitor.hpp>

namespace m3u_proxy::memory {
namespace {

constexpr std::string_view kModule = "memory.monitor";

#ifdef M3U_PROXY_SANITIZED
// Shadow memory and quarantine are the sanitizer's, not this program's.
constexpr bool kChargeTheGap = false;
#else
constexpr bool kChargeTheGap = true;
#endif

}  // namespace

SimpleMemoryMonitor::SimpleMemoryMonitor(std::optional<double> limit_mb, MonitorOptions options)
    : options_(std::move(options)),
      process_(options_.process != nullptr ? options_.process : &process_memory()) {
  statistics_.limit_mb = limit_mb;
  if (!options_.clock) options_.clock = std::chrono::steady_clock::now;
}

Result<> SimpleMemoryMonitor::initialize() {
  M3U_TRY(const Bytes rss, process_->resident());
  if (options_.restart_kernel_peak && process_->reset_peak())
    log::info(kModule,
              "The kernel's peak of this process begins anew with each stage (detailed_logging): "
              "other programs see that of the last one only");
  M3U_TRY(const Bytes peak, process_->peak());
  stage_peak_.begin(rss, peak);
  run_peak_.begin(rss, peak);
  statistics_ = {.baseline_mb = rss.mb(),
                 .current_mb = rss.mb(),
                 .peak_mb = rss.mb(),
                 .limit_mb = statistics_.limit_mb};
  previous_mb_ = rss.mb();
  warned_status_ = MemoryLimitStatus::kWithin;
  warned_at_.reset();
  initialized_ = true;
  return {};
}

Result<MemorySnapshot> SimpleMemoryMonitor::observe_stage(std::string_view name) {
  if (!initialized_) M3U_CHECK(initialize());
  M3U_TRY(const Bytes rss, process_->resident());
  M3U_TRY(Bytes counter, process_->peak());
  const Bytes peak = std::max(stage_peak_.peak(counter), rss);
  if (options_.restart_kernel_peak && process_->reset_peak()) counter = rss;
  stage_peak_.begin(rss, counter);
  run_peak_.see(peak);
  const MemorySnapshot snapshot{
      .rss_mb = rss.mb(), .delta_mb = rss.mb() - previous_mb_, .peak_mb = peak.mb()};
  previous_mb_ = snapshot.rss_mb;
  remember(name, snapshot);
  log::info(kModule, "Memory observation for '{}': {:.1f}MB (Δ{:+.1f}MB)", name, snapshot.rss_mb,
            snapshot.delta_mb);
  return snapshot;
}

void SimpleMemoryMonitor::remember(std::string_view name, const MemorySnapshot& snapshot) {
  ++statistics_.observations;
  statistics_.current_mb = snapshot.rss_mb;
  statistics_.peak_mb = std::max(statistics_.peak_mb, snapshot.peak_mb);
  const auto known = std::ranges::find(statistics_.stages, name, &StageMemory::name);
  if (known == statistics_.stages.end()) {
    statistics_.stages.push_back({.name = std::string(name), .snapshot = snapshot});
    return;
  }
  const double peak_mb = std::max(known->snapshot.peak_mb, snapshot.peak_mb);
  known->snapshot = snapshot;
  known->snapshot.peak_mb = peak_mb;
}

Result<MemoryLimitStatus> SimpleMemoryMonitor::check_limit() {
  M3U_TRY(const Bytes rss, process_->resident());
  return compare_with_limit(rss);
}

MemoryLimitStatus SimpleMemoryMonitor::compare_with_limit(Bytes rss) {
  note(rss);
  if (!statistics_.limit_mb) return MemoryLimitStatus::kWithin;
  const double limit_mb = *statistics_.limit_mb;
  MemoryLimitStatus status = MemoryLimitStatus::kWithin;
  if (rss.mb() >= limit_mb * options_.warning_threshold) status = MemoryLimitStatus::kWarning;
  if (rss.mb() > limit_mb) status = MemoryLimitStatus::kExceeded;
  if (status != MemoryLimitStatus::kWithin) warn_about(status, rss.mb());
  return status;
}

void SimpleMemoryMonitor::warn_about(MemoryLimitStatus status, double rss_mb) {
  const auto now = options_.clock();
  const bool worse = status > warned_status_;
  if (!worse && warned_at_ && now - *warned_at_ < options_.warning_cooldown) return;
  warned_at_ = now;
  warned_status_ = status;
  ++statistics_.warnings;
  const double limit_mb = *statistics_.limit_mb;
  if (status == MemoryLimitStatus::kExceeded)
    log::warn(kModule, "Memory limit exceeded: {:.1f}MB of {:.1f}MB", rss_mb, limit_mb);
  else
    log::warn(kModule, "Memory usage near the limit: {:.1f}MB of {:.1f}MB ({:.0f}%)", rss_mb,
              limit_mb, rss_mb / limit_mb * 100);
}

Result<Bytes> SimpleMemoryMonitor::resident() {
  M3U_TRY(const Bytes rss, process_->resident());
  note(rss);
  return rss;
}

void SimpleMemoryMonitor::note(Bytes rss) {
  statistics_.current_mb = rss.mb();
  statistics_.peak_mb = std::max(statistics_.peak_mb, rss.mb());
}

Bytes UnaccountedMemory::update(Bytes rss) {
  const Bytes explained = fixed_ + budget_->used() - charge_.size();
  const Bytes gap = rss > explained ? rss - explained : Bytes{};
  if (!kChargeTheGap) return gap;
  const Bytes limit = budget_->limit();
  const Bytes used = budget_->used();
  const Bytes wanted = std::min(gap, charge_.size() + (limit > used ? limit - used : Bytes{}));
  if (wanted <= charge_.size()) {
    static_cast<void>(charge_.resize(wanted));  // less is never refused
  } else if (auto more = budget_->reserve(Tag::kUnaccounted, wanted - charge_.size())) {
    charge_.absorb(*std::move(more));
  }
  return gap;
}

}  // namespace m3u_proxy::memory
