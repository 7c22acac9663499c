#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_host/stage_plugin.hpp>

namespace m3u_proxy::plugin_host {
namespace {

constexpr std::uint64_t kMaxWarnings = 10;

}  // namespace

std::string RunState::context_json(plugins::PluginStage stage, std::uint16_t source) const {
  using Json = nlohmann::ordered_json;
  Json sources = Json::array();
  if (stage == plugins::PluginStage::kEpg) {
    for (const guide::EpgSource& epg : info.epg_sources)
      sources.push_back({{"name", epg.name}, {"type", epg.type}, {"url", epg.url}});
  } else {
    for (const channels::SourceInfo& playlist : info.sources)
      sources.push_back({{"name", playlist.name}, {"type", playlist.type}, {"url", playlist.url}});
  }
  const Json context = {{"abi", 1},
                        {"proxy", info.proxy},
                        {"now", info.context->now},
                        {"chunk_rows", kChunkRows},
                        {"sources", std::move(sources)},
                        {"source", source},
                        {"pressure", static_cast<int>(pressure.load())}};
  return context.dump(-1, ' ', false, Json::error_handler_t::replace);
}

StagePlugin::StagePlugin(RunState& run, std::shared_ptr<const Plugin> plugin,
                         plugins::PluginInfo info, plugins::PluginStage stage, std::uint16_t source)
    : run_(run),
      plugin_(std::move(plugin)),
      info_(std::move(info)),
      stage_(stage),
      source_(source),
      on_failure_(run.host->on_failure(plugin_->manifest())) {
  stats_.name = manifest().name;
  stats_.version = manifest().version;
  stats_.stage = to_string(stage);
}

StagePlugin::~StagePlugin() {
  if (!noted_ && stats_.failures != 0)
    run_.host->note_result(*plugin_, stats_.failures, stats_.last_failure);
  if (const generation::PluginStats work = stats(); work.chunks != 0 || work.failures != 0)
    run_.host->note_work(work);
}

Result<std::unique_ptr<StagePlugin::Instance>> StagePlugin::lease() {
  {
    const std::lock_guard lock(mutex_);
    if (spent_ > std::chrono::seconds(run_.host->settings().timeout_seconds))
      return fail(ErrorCode::kPlugin, "it took longer than timeout_seconds in all");
    if (!free_.empty()) {
      auto instance = std::move(free_.back());
      free_.pop_back();
      return instance;
    }
  }
  const pipeline::RunContext& context = *run_.info.context;
  auto instance = std::make_unique<Instance>();
  M3U_TRY(instance->plugin, run_.host->take_instance(
                                *plugin_, {.now = context.now,
                                           .spill = context.spill,
                                           .cancel = context.cancel,
                                           .pressure = [this] { return run_.pressure.load(); }}));
  M3U_CHECK(tell_pressure(*instance));
  const auto begun = instance->plugin->begin(stage_, run_.context_json(stage_, source_));
  if (!begun) return fail(begun.error());
  const std::lock_guard lock(mutex_);
  ++stats_.instances;
  return instance;
}

void StagePlugin::give_back(std::unique_ptr<Instance> instance) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(instance));
}

Result<> StagePlugin::tell_pressure(Instance& instance) {
  const memory::MemoryPressureLevel level = run_.pressure.load();
  if (level == instance.plugin->told_level()) return {};
  M3U_TRY(const bool handles, instance.plugin->can_handle_memory_pressure(level));
  log::debug("plugins", "{} at {}: {}", manifest().name, memory::to_string(level),
             handles ? "handles it" : "does not handle it");
  const std::lock_guard lock(mutex_);
  stats_.pressure_answers[std::string(memory::to_string(level))] = handles;
  return {};
}

Result<> StagePlugin::failed(const Error& error, std::string_view where) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kDiskFull) return fail(error);
  // With a tighter hold on everything else it may fit: the run tries once more.
  const bool may_fit = run_.pressure.load() != memory::MemoryPressureLevel::kEmergency;
  if (error.code == ErrorCode::kOverBudget && (may_fit || !falls_back())) return fail(error);
  const std::lock_guard lock(mutex_);
  // A limit that is too small for it is no reason to shut it out of later runs.
  if (error.code != ErrorCode::kOverBudget) ++stats_.failures;
  stats_.last_failure = error.message;
  const std::uint32_t most = run_.host->settings().max_plugin_failures;
  if (most != 0 && stats_.failures >= most) out_ = true;
  const std::string place =
      fmt::format("plugin {} in {}, {}", manifest().name, stats_.stage, where);
  if (!falls_back()) {
    Error failure = error;
    failure.message = fmt::format("{}: {}", place, error.message);
    if (failure.hint.empty())
      failure.hint =
          "on_failure = \"native\" goes on without it; `m3u-proxy plugin validate` "
          "looks for the reason";
    return fail(std::move(failure));
  }
  run_.degraded = true;
  if (stats_.failures <= kMaxWarnings)
    log::warn("plugins", "{}: {}; the native strategy does its work{}", place, error.message,
              out_ ? ", and all that is left" : "");
  return {};
}

/// What a failed call of `plugin` means: memory that the process's limit refused is not its fault.
Error StagePlugin::judge(const PluginInstance& plugin, const Error& error) const {
  if (error.code != ErrorCode::kPlugin || !plugin.starved()) return error;
  Error refused =
      run_.info.context->budget->over_budget(memory::Tag::kPlugin, plugin.memory_size());
  refused.message = fmt::format("{} ({})", error.message, refused.message);
  return refused;
}

template <typename Call>
Result<bool> StagePlugin::attempt(std::string_view where, const Call& call) {
  const CancelToken* const cancel = run_.info.context->cancel;
  if (cancel != nullptr && cancel->cancelled())
    return fail(ErrorCode::kCancelled, "stopped on request");
  const auto begin = std::chrono::steady_clock::now();
  auto instance = lease();
  Result<> done;
  if (!instance) {
    done = fail(std::move(instance).error());
  } else {
    PluginInstance& plugin = *(*instance)->plugin;
    done = tell_pressure(**instance);
    if (done) done = memory::guarded([&] { return call(plugin); });
    if (!done) done = fail(judge(plugin, done.error()));
    {
      const std::lock_guard lock(mutex_);
      // What the host does with an answer counts too: it is the plugin that gives so much.
      spent_ += std::chrono::steady_clock::now() - begin;
      memory_ += plugin.memory_size().count - (*instance)->counted;
      (*instance)->counted = plugin.memory_size().count;
      stats_.peak_memory_mb = std::max(stats_.peak_memory_mb, Bytes{memory_}.mb());
      if (plugin.broken()) memory_ -= (*instance)->counted;
      // Another instance would not know what this one knew.
      if (plugin.broken() && !manifest().parallel) out_ = true;
    }
    if (!plugin.broken()) give_back(*std::move(instance));
  }
  if (done) return true;
  M3U_CHECK(failed(done.error(), where));
  return false;
}

Result<bool> StagePlugin::process(std::span<const std::uint8_t> chunk, std::uint64_t rows,
                                  const Take& take) {
  return process(
      chunk.size(),
      [&](std::uint8_t* to) {
        if (!chunk.empty()) std::memcpy(to, chunk.data(), chunk.size());
      },
      rows, take);
}

Result<bool> StagePlugin::process(std::size_t size, const PluginInstance::WriteChunk& write,
                                  std::uint64_t rows, const Take& take) {
  const std::uint64_t number = chunks_.fetch_add(1) + 1;
  {
    const std::lock_guard lock(mutex_);
    stats_.items_in += rows;
    if (out_) {
      run_.degraded = true;
      return false;
    }
  }
  return attempt(fmt::format("chunk {}", number), [&](PluginInstance& plugin) -> Result<> {
    M3U_TRY(const Answer answer, plugin.process_chunk(size, write));
    const bool has_batch = answer.kind == AnswerKind::kBatch;
    if (accumulates() && has_batch)
      return fail(ErrorCode::kPlugin,
                  "it does not support streaming, but gave a batch before m3u_finalize");
    return has_batch ? take(answer.bytes) : Result<>();
  });
}

Result<StagePlugin::Finalized> StagePlugin::finalize(const Take& take) {
  if (out_) return Finalized::kFailed;
  bool has_batch = false;
  M3U_TRY(const bool good, attempt("m3u_finalize", [&](PluginInstance& plugin) -> Result<> {
            M3U_TRY(const Answer answer, plugin.finalize());
            if (answer.kind == AnswerKind::kNone)
              return fail(ErrorCode::kPlugin, "m3u_finalize gave 1; it has to give a batch or end");
            has_batch = answer.kind == AnswerKind::kBatch;
            return has_batch ? take(answer.bytes) : Result<>();
          }));
  if (!good) return Finalized::kFailed;
  if (has_batch) return Finalized::kBatch;
  finish();
  return Finalized::kDone;
}

void StagePlugin::finish() {
  const std::lock_guard lock(mutex_);
  for (auto& instance : free_) {
    for (const auto& [name, value] : instance->plugin->metrics()) stats_.metrics[name] = value;
    const auto cleaned = instance->plugin->cleanup();
    if (!cleaned) {
      log::warn("plugins", "{}: m3u_cleanup: {}", manifest().name, cleaned.error().message);
      continue;
    }
    run_.host->give_back(*plugin_, std::move(instance->plugin), chunks_.load());
  }
  free_.clear();
}

generation::PluginStats StagePlugin::stats() const {
  const std::lock_guard lock(mutex_);
  generation::PluginStats stats = stats_;
  stats.chunks = chunks_;
  stats.items_out = items_out_;
  stats.replaced = replaced_;
  stats.execution_time_ms = std::chrono::duration<double, std::milli>(spent_).count();
  return stats;
}

}  // namespace m3u_proxy::plugin_host
