#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/time.hpp>
#include <m3u_proxy/daemon/state_view.hpp>
#include <m3u_proxy/jobs/account_state.hpp>
#include <m3u_proxy/jobs/conductor.hpp>
#include <m3u_proxy/memory/alerts.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr double kMb = 1048576;
constexpr std::int64_t kDay = 86'400;

constexpr std::array kMemoryAlerts = {
    memory::AlertKind::kPeakMemory, memory::AlertKind::kEfficiency,
    memory::AlertKind::kCleanupFailures, memory::AlertKind::kPluginLeak};

std::string memory_kind(memory::AlertKind kind) {
  return fmt::format("memory_{}", memory::to_string(kind));
}

}  // namespace

Result<> StateView::read_sources(const jobs::Model& model, std::vector<SourceState>& out) {
  for (const jobs::SourceEntry& source : model.sources) {
    SourceState state{.name = source.config.name.name, .is_guide = source.is_guide};
    M3U_TRY(const auto rows, store_.snapshots().list(source.id));
    for (const store::SourceSnapshot& row : rows) {
      if (row.state == store::SnapshotState::kQuarantined) state.quarantined = true;
      if (row.state != store::SnapshotState::kCurrent) continue;
      state.items = row.items;
      state.confirmed = store::seconds_of(row.confirmed);
    }
    M3U_TRY(const auto fetched, store_.snapshots().fetch_state(source.id));
    if (fetched) state.failures = fetched->failures;
    out.push_back(std::move(state));
  }
  return {};
}

Result<> StateView::read_proxies(const jobs::Model& model, std::vector<ProxyState>& out) {
  for (const jobs::ProxyEntry& proxy : model.proxies) {
    ProxyState state{.name = proxy.config.name.name};
    M3U_TRY(const auto current, store_.generations().current(proxy.id));
    M3U_TRY(state.held, store_.generations().is_held(proxy.id));
    if (current) {
      state.number = current->number;
      state.made = store::seconds_of(current->created);
      state.channels = current->channels;
      state.programmes = current->programmes;
    }
    out.push_back(std::move(state));
  }
  return {};
}

void StateView::configure(config::AlertsConfig config) {
  const std::scoped_lock lock(mutex_);
  config_ = std::move(config);
}

config::AlertsConfig StateView::config() const {
  const std::scoped_lock lock(mutex_);
  return config_;
}

void StateView::watch_sources(const std::vector<SourceState>& sources) {
  const std::int64_t failures = config().failures;
  std::vector<std::string> names;
  for (const SourceState& source : sources) {
    // A guide may be called as a playlist is.
    const std::string about = source.is_guide ? "epg_source " + source.name : source.name;
    names.push_back(about);
    alerts_.set(source.failures >= failures,
                {.kind = "source_failed",
                 .about = about,
                 .text = fmt::format("\"{}\" could not be fetched {} times in a row: its last good "
                                     "copy stays published",
                                     source.name, source.failures)});
    alerts_.set(source.quarantined,
                {.kind = "quarantine",
                 .about = about,
                 .text = fmt::format("\"{0}\" shrank so much that the new list waits: take it over "
                                     "with m3u-proxy ctl accept \"{0}\"",
                                     source.name)});
  }
  for (const std::string_view kind : {"source_failed", "quarantine", "account_ends"})
    alerts_.keep_only(kind, names);
}

/// What is not there any more needs nobody.
void StateView::forget_removed(const std::vector<ProxyState>& proxies) {
  std::vector<std::string> names;
  for (const ProxyState& proxy : proxies) names.push_back(proxy.name);
  for (const memory::AlertKind kind : kMemoryAlerts) alerts_.keep_only(memory_kind(kind), names);
}

void StateView::follow(const jobs::Model& model) {
  const std::scoped_lock following(following_);
  std::vector<SourceState> sources;
  std::vector<ProxyState> proxies;
  Result<> read = read_sources(model, sources);
  if (read) read = read_proxies(model, proxies);
  if (!read) return reading_.failed(read.error());
  reading_.worked();
  watch_sources(sources);
  forget_removed(proxies);
  {
    const std::scoped_lock lock(mutex_);
    figures_.sources = std::move(sources);
    figures_.proxies = std::move(proxies);
    std::erase_if(figures_.generations,
                  [&](const auto& entry) { return model.find_proxy(entry.first) == nullptr; });
  }
  // Who asks how things are need not wait for what only alerts are about.
  if (const auto watched = watch_accounts(model); !watched) reading_.failed(watched.error());
  watch_disk();
}

void StateView::generated(const Uuid& proxy, const generation::GenerationStats& stats) {
  for (const memory::AlertKind kind : kMemoryAlerts) {
    const auto found = std::ranges::find(stats.memory.alerts, kind, &memory::MemoryAlert::kind);
    const bool is_so = found != stats.memory.alerts.end();
    alerts_.set(is_so, {.kind = memory_kind(kind),
                        .about = stats.proxy,
                        .text = is_so ? found->message : std::string()});
  }
  const std::scoped_lock lock(mutex_);
  figures_.generations[proxy] = {.proxy = stats.proxy,
                                 .seconds = stats.duration_ms / 1000,
                                 .peak_bytes = stats.peak_memory_usage_mb * kMb,
                                 .channels_per_mb = stats.memory_efficiency};
  for (const generation::StageStats& stage : stats.stages) {
    figures_.stages[stage.name].seconds += stage.execution_time_ms / 1000;
    figures_.stages[stage.name].items += stage.items_out;
  }
  for (const generation::PluginStats& plugin : stats.plugins) {
    figures_.plugins[plugin.name].peak_bytes = plugin.peak_memory_mb * kMb;
    figures_.plugins[plugin.name].failures += plugin.failures;
  }
  figures_.cleanups += stats.memory_cleanup_operations;
  figures_.cleanup_failures += stats.memory.cleanup_failures;
  figures_.freed_bytes += stats.memory_freed_mb * kMb;
  figures_.spilled_bytes += stats.spill.bytes;
  figures_.spilled_files += stats.spill.files;
}

/// A refresh of an Xtream account says when the account ends.
void StateView::watch_report(const std::string& report) {
  const auto json = nlohmann::json::parse(report, nullptr, false);
  if (!json.is_object() || !json.contains("account")) return;
  watch_account(json.value("source", ""), json["account"].value("expires", std::int64_t{0}));
}

/// `expires`: 0: never.
void StateView::watch_account(const std::string& source, std::int64_t expires) {
  const std::int64_t days = config().account_days;
  const bool ends =
      days != 0 && expires != 0 && expires - store::seconds_of(clock_()) < kDay * days;
  alerts_.set(ends, {.kind = "account_ends",
                     .about = source,
                     .text = fmt::format("the account of \"{}\" ends at {}", source,
                                         format_rfc3339(expires))});
}

/// As the last refreshes said, also before a restart.
Result<> StateView::watch_accounts(const jobs::Model& model) {
  for (const jobs::SourceEntry& source : model.sources) {
    M3U_TRY(const auto account, jobs::account_of(store_, source));
    if (account) watch_account(source.config.name.name, account->expires.value_or(0));
  }
  return {};
}

std::optional<std::uint64_t> StateView::free_disk() const {
  std::error_code error;
  const auto space = std::filesystem::space(data_, error);
  return error ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

void StateView::watch_disk() {
  const auto free = free_disk();
  if (!free) return;
  alerts_.set(*free < config().disk_low_mb * static_cast<std::uint64_t>(kMb),
              {.kind = "disk_low",
               .about = {},
               .text = fmt::format("only {:.0f} MB are free for {}",
                                   static_cast<double>(*free) / kMb, data_.string())});
}

void StateView::ended(const store::Job& job, const Result<std::string>& result) {
  if (result && job.kind == jobs::kRefreshJob) watch_report(*result);
  watch_disk();
  const bool cancelled = !result && result.error().code == ErrorCode::kCancelled;
  const std::chrono::duration<double> took = clock_() - job.started;
  const std::scoped_lock lock(mutex_);
  ++figures_.jobs[{job.kind, result ? "done" : cancelled ? "cancelled" : "failed"}];
  figures_.job_seconds[job.kind] += took.count();
}

Figures StateView::figures() const {
  const std::scoped_lock lock(mutex_);
  return figures_;
}

}  // namespace m3u_proxy::daemon
