#include <algorithm>
#include <utility>

#include <m3u_proxy/memory/memory_watch.hpp>

namespace m3u_proxy::memory {
namespace {

std::optional<double> in_mb(std::optional<Bytes> size) {
  return size ? std::optional(size->mb()) : std::nullopt;
}

}  // namespace

MemoryWatch::MemoryWatch(Budget& budget, MemoryWatchOptions options)
    : budget_(&budget),
      options_(std::move(options)),
      process_(options_.process != nullptr ? options_.process : &process_memory()),
      limit_monitor_(in_mb(options_.limit),
                     {.warning_threshold = options_.warning_threshold, .process = process_}),
      unaccounted_(budget, options_.fixed) {
  tracker_.set_system_thresholds(options_.system_thresholds);
  if (options_.follow && options_.limit)
    dynamic_limit_.emplace(budget, &limit_monitor_, *options_.limit, *options_.follow);
}

MemorySample MemoryWatch::sample() {
  const std::lock_guard lock(mutex_);
  if (dynamic_limit_) dynamic_limit_->update();
  const auto resident = process_->resident();
  const auto charged = process_->charged();
  if (!resident || !charged) return last_;
  const Bytes gap = unaccounted_.update(*charged);
  limit_monitor_.compare_with_limit(*resident);
  const Bytes limit = budget_->limit();
  const Bytes whole = limit == Budget::kUnlimited ? limit : limit + options_.fixed;
  last_ = {.resident = *resident,
           .account = budget_->used(),
           .unaccounted = gap,
           .level = tracker_.update(budget_->used() + options_.fixed, *charged, whole)};
  for (RunWatermark* const run : runs_) run->see(last_);
  return last_;
}

std::optional<Bytes> MemoryWatch::limit() const {
  const std::lock_guard lock(mutex_);
  return dynamic_limit_ ? std::optional(dynamic_limit_->limit()) : options_.limit;
}

void MemoryWatch::set_limit(std::optional<Bytes> limit, std::optional<DynamicLimitOptions> follow) {
  const std::lock_guard lock(mutex_);
  options_.limit = limit;
  options_.follow = std::move(follow);
  limit_monitor_.set_limit(in_mb(limit));
  dynamic_limit_.reset();
  if (options_.follow && limit)
    dynamic_limit_.emplace(*budget_, &limit_monitor_, *limit, *options_.follow);
}

std::size_t MemoryWatch::limit_changes() const {
  const std::lock_guard lock(mutex_);
  return dynamic_limit_ ? dynamic_limit_->changes().size() : 0;
}

std::vector<LimitChange> MemoryWatch::limit_changes_from(std::size_t first) const {
  const std::lock_guard lock(mutex_);
  if (!dynamic_limit_) return {};
  const std::vector<LimitChange>& all = dynamic_limit_->changes();
  return {all.begin() + static_cast<std::ptrdiff_t>(std::min(first, all.size())), all.end()};
}

void MemoryWatch::add(RunWatermark& run) {
  const std::lock_guard lock(mutex_);
  if (runs_.empty()) budget_->reset_peaks();
  run.begin();
  runs_.push_back(&run);
}

void MemoryWatch::remove(RunWatermark& run) {
  const std::lock_guard lock(mutex_);
  std::erase(runs_, &run);
}

RunWatermark::RunWatermark(MemoryWatch& watch, SimpleMemoryMonitor* monitor)
    : watch_(&watch), monitor_(monitor) {
  watch.add(*this);
}

RunWatermark::~RunWatermark() { watch_->remove(*this); }

void RunWatermark::begin() {
  const Bytes resident = watch_->process_->resident().value_or(Bytes{});
  resident_.begin(resident, watch_->process_->peak().value_or(resident));
  const Budget& budget = watch_->budget();
  account_.begin(budget.used(), budget.peak());
  for (std::size_t i = 0; i < kTagCount; ++i)
    tags_[i].begin(budget.used(static_cast<Tag>(i)), budget.peak(static_cast<Tag>(i)));
}

void RunWatermark::see(const MemorySample& sample) {
  resident_.see(sample.resident);
  account_.see(sample.account);
  for (std::size_t i = 0; i < kTagCount; ++i)
    tags_[i].see(watch_->budget().used(static_cast<Tag>(i)));
  unaccounted_.see(sample.unaccounted);
  if (monitor_ != nullptr) monitor_->see(sample.resident);
}

Bytes RunWatermark::resident() const {
  const Bytes seen = resident_.peak(watch_->process_->peak().value_or(Bytes{}));
  return monitor_ != nullptr ? std::max(seen, monitor_->highest()) : seen;
}

Bytes RunWatermark::account() const { return account_.peak(watch_->budget().peak()); }

Bytes RunWatermark::account(Tag tag) const {
  return tags_[static_cast<std::size_t>(tag)].peak(watch_->budget().peak(tag));
}

}  // namespace m3u_proxy::memory
