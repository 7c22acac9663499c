#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/io/write_pace.hpp>
#include <m3u_proxy/memory/memory_limit.hpp>
#include <m3u_proxy/memory/process_memory.hpp>
#include <m3u_proxy/memory/program_pages.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::runtime {

Bytes least_working_memory() {
  // One batch of a hundred channels with its text and its frame, the reader's and the writer's
  // buffers, the first tables of keys, a window of the guide, and what the heap and the libraries
  // take beside that. Measured: a million channels with a gigabyte of guide.
  return mib(8);
}

namespace {

/// What a control group has beside the highest limit has room for what so many files have on their
/// way to the disk: outputs, spools, downloads and snapshots at once.
constexpr std::uint64_t kFilesAtOnce = 8;

void pace_writing(const memory::MemoryReadings& readings) {
  if (!readings.cgroup_limit) {
    io::WritePace::set_unlimited();
    return;
  }
  const Bytes group = *readings.cgroup_limit;
  io::WritePace::set_most((group - memory::capped_limit(group, readings).limit) / kFilesAtOnce);
}

}  // namespace

Process::Process(ProcessOptions options)
    : options_(std::move(options)),
      slabs_(budget_, options_.pools),
      spill_({.folder = options_.spill_folder, .max = mib(options_.max_spill_mb)}) {}

Result<std::unique_ptr<Process>> Process::create(ProcessOptions options) {
  std::unique_ptr<Process> process(new Process(std::move(options)));
  // With plugins the engine's own memory is a part of what the process takes before any work.
  M3U_TRY(process->plugins_,
          make_process_plugins(std::move(process->options_.plugins), process->budget_,
                               [slabs = &process->slabs_] { slabs->trim(); }));
  M3U_CHECK(process->set_memory_limit());
  if (process->options_.spill_folder_is_named) M3U_CHECK(process->check_spill_folder());
  return process;
}

Result<Process::LimitPlan> Process::plan_limit(const memory::MemoryLimitSetting& setting,
                                               Bytes fixed) const {
  using Kind = memory::MemoryLimitSetting::Kind;
  if (setting.kind == Kind::kNone) return LimitPlan();
  const memory::MemoryReadings readings = memory::read_memory();
  const memory::ChosenLimit chosen = setting.kind == Kind::kAuto
                                         ? memory::automatic_limit(readings)
                                         : memory::capped_limit(setting.fixed, readings);
  if (!chosen.why.empty()) log::info("memory", "{}", chosen.why);
  LimitPlan plan{.limit = chosen.limit, .program = fixed + options_.between_looks};
  const Bytes least = plan.program + least_working_memory();
  if (chosen.limit < least)
    return fail(
        ErrorCode::kOverBudget,
        fmt::format("a memory limit of {:.0f} MB does not allow this job", chosen.limit.mb()),
        // What the process takes by itself differs by some 100 KB from run to run.
        fmt::format("the least that works is {} MB", ((least + mib(1)).count >> 20U) + 1));
  if (setting.kind == Kind::kAuto)
    plan.follow = memory::DynamicLimitOptions{
        .fixed = plan.program,
        .least = least,
        .on_look = [](const memory::MemoryReadings& now, Bytes) { pace_writing(now); }};
  return plan;
}

void Process::set_budget(const LimitPlan& plan) {
  budget_.set_limit(plan.limit ? *plan.limit - plan.program : memory::Budget::kUnlimited);
  budget_.set_program_size(plan.program);
  pace_writing(memory::read_memory());
}

Result<> Process::set_memory_limit() {
  memory::MemoryWatchOptions watching{.warning_threshold = options_.warning_threshold};
  M3U_TRY(watching.fixed, memory::process_memory().charged());
  if (options_.pressure_thresholds == memory::PressureThresholds::kSystem)
    watching.system_thresholds = memory::calculate_optimal_thresholds();
  M3U_TRY(const LimitPlan plan, plan_limit(options_.memory_limit, watching.fixed));
  set_budget(plan);
  watching.limit = plan.limit;
  watching.follow = plan.follow;
  memory_ = std::make_unique<memory::MemoryWatch>(budget_, std::move(watching));
  return {};
}

Result<> Process::check_memory_limit(const memory::MemoryLimitSetting& setting) const {
  const auto plan = plan_limit(setting, fixed());
  return plan ? Result<>() : fail(plan.error());
}

Result<bool> Process::change_memory_limit(const memory::MemoryLimitSetting& setting) {
  M3U_TRY(const LimitPlan plan, plan_limit(setting, fixed()));
  if (plan.limit) {
    release_kept();
    if (budget_.used() + plan.program > *plan.limit) return false;
  }
  // A sample in between may set the limit that was followed until now, so the Budget comes last.
  memory_->set_limit(plan.limit, plan.follow);
  set_budget(plan);
  log::info("memory", "the memory limit is {} now",
            plan.limit ? fmt::format("{:.0f} MB", plan.limit->mb()) : "none");
  return true;
}

std::unique_ptr<spill::SpillSpace> Process::make_spill_space() {
  return std::make_unique<spill::SpillSpace>(spill::SpillSpace::Options{
      .folder = options_.spill_folder, .max = mib(options_.max_spill_mb), .whole = &spill_});
}

/// A folder that was named is tried at once: a job should not fail of it after an hour.
Result<> Process::check_spill_folder() {
  const auto made = make_spill_space()->folder();
  if (made) return {};
  Error error = made.error();
  error.code = ErrorCode::kConfig;
  error.where.source = "spill_dir";
  return fail(std::move(error));
}

void Process::set_cleanup(const memory::MemoryCleanupConfig& cleanup) {
  const std::lock_guard lock(mutex_);
  options_.cleanup = cleanup;
}

memory::MemoryCleanupConfig Process::cleanup() const {
  const std::lock_guard lock(mutex_);
  return options_.cleanup;
}

std::unique_ptr<memory::MemoryCleanupCoordinator> Process::make_cleanup_coordinator() {
  const memory::MemoryCleanupConfig config = cleanup();
  memory::CleanupOptions options;
  options.on_cleanup = [log = &cleanups_](const memory::CleanupStats& stats) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    log->add(std::chrono::floor<std::chrono::seconds>(now).count(), stats);
  };
  if (!config.memory_pressure_threshold_mb) {
    if (memory_->limit())
      options.threshold = [memory = memory_.get()] { return memory->limit(); };
    else
      options.threshold = [all = memory::threshold_for_system(memory::read_memory())] {
        return std::optional(all);
      };
  }
  auto coordinator = std::make_unique<memory::MemoryCleanupCoordinator>(config, std::move(options));
  coordinator->add_kept(slabs_);
  coordinator->add_kept(kept_);
  if (memory::MemoryCleanable* const kept = plugins_->kept()) coordinator->add_kept(*kept);
  return coordinator;
}

void Process::release_kept() {
  kept_.aggressive_cleanup();
  slabs_.trim();
  memory::release_free_heap();
}

void Process::rest() {
  kept_.smart_cleanup();
  slabs_.trim();
  memory::release_free_heap();
  memory::release_program_pages();
}

}  // namespace m3u_proxy::runtime
