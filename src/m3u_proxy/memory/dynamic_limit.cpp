#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/dynamic_limit.hpp>

namespace m3u_proxy::memory {
namespace {

/// Percent of the last 10 s: from here on the limit comes down, by an eighth or by a quarter.
constexpr double kSomeStalled = 20;
constexpr double kAllStalled = 10;
/// And above this it does not go up.
constexpr double kCalm = 5;
constexpr std::chrono::seconds kStallMemory{10};
/// What the machine has available is not all ours: an eighth stays for others.
constexpr std::uint64_t kOthersShare = 8;
/// A change of less than one in so many is not worth it.
constexpr std::uint64_t kLeastStep = 16;
/// Looks in a row before the limit goes up, and by how much (one in …) it does at a time.
constexpr int kLooksBeforeRise = 5;
constexpr std::uint64_t kRise = 4;

}  // namespace

DynamicLimit::DynamicLimit(Budget& budget, SimpleMemoryMonitor* monitor, Bytes limit,
                           DynamicLimitOptions options)
    : budget_(&budget), monitor_(monitor), limit_(limit), options_(std::move(options)) {
  if (options_.process == nullptr) options_.process = &process_memory();
  next_look_ = now() + options_.interval;
  next_stall_ = now();
}

void DynamicLimit::follow() {
  next_look_ = now() + options_.interval;
  const auto rss = options_.process->resident();
  if (!rss) return;
  const MemoryReadings readings = read_memory(options_.root);
  adapt(readings, *rss);
  if (options_.on_look) options_.on_look(readings, limit_);
}

void DynamicLimit::adapt(const MemoryReadings& readings, Bytes rss) {
  const Bytes cap = automatic_limit(readings).limit;
  ChosenLimit target = wanted(readings, rss);
  if (target.limit < options_.least) {
    target.limit = options_.least;
    target.why += fmt::format("; the job needs {:.0f} MB", options_.least.mb());
  }
  if (target.limit <= limit_) {
    higher_for_ = 0;
    // What the system grants at most is an order; the rest is advice.
    const bool ordered = cap < limit_;
    if (!steady(target.limit, ordered)) change_to(target.limit, std::move(target.why));
    return;
  }
  const bool calm = !readings.stalls || readings.stalls->some < kCalm;
  if (!calm || steady(target.limit, false)) {
    higher_for_ = 0;
    return;
  }
  if (++higher_for_ < kLooksBeforeRise) return;
  higher_for_ = 0;
  change_to(std::min(target.limit, limit_ + limit_ / kRise), "memory is no longer short");
}

/// The smallest of what the system grants, what it has available and, while tasks wait for memory,
/// a part of the present limit.
ChosenLimit DynamicLimit::wanted(const MemoryReadings& readings, Bytes rss) {
  ChosenLimit target = automatic_limit(readings);
  target.why = readings.cgroup_limit ? fmt::format("the control group's limit is {:.0f} MB",
                                                   readings.cgroup_limit->mb())
                                     : "the size of the machine";
  const auto lower = [&](Bytes limit, std::string why) {
    if (limit < target.limit) target = {.limit = limit, .why = std::move(why)};
  };
  if (readings.available) {
    const Bytes ours = *readings.available - *readings.available / kOthersShare;
    lower(rss + ours, fmt::format("the machine has {:.0f} MB available", readings.available->mb()));
  }
  if (!readings.stalls || now() < next_stall_) return target;
  const auto& [some, full] = *readings.stalls;
  if (full < kAllStalled && some < kSomeStalled) return target;
  const bool all = full >= kAllStalled;
  // Not below what the process has: it must give memory back first, and can be asked again then.
  lower(std::max(limit_ - limit_ / (all ? 4 : 8), rss),
        fmt::format("{} waited for memory {:.0f}% of the time", all ? "all tasks" : "tasks",
                    all ? full : some));
  next_stall_ = now() + kStallMemory;
  return target;
}

bool DynamicLimit::steady(Bytes target, bool ordered) {
  const Bytes difference = target > limit_ ? target - limit_ : limit_ - target;
  return ordered ? difference < mib(1) : difference < limit_ / kLeastStep;
}

void DynamicLimit::change_to(Bytes limit, std::string why) {
  log::info("memory.limit", "Memory limit {:.0f} MB → {:.0f} MB: {}", limit_.mb(), limit.mb(), why);
  if (changes_.size() < kMaxChanges)
    changes_.push_back({.from_mb = limit_.mb(), .to_mb = limit.mb(), .why = std::move(why)});
  limit_ = limit;
  budget_->set_limit(limit > options_.fixed ? limit - options_.fixed : Bytes{});
  if (monitor_ != nullptr) monitor_->set_limit(limit.mb());
}

}  // namespace m3u_proxy::memory
