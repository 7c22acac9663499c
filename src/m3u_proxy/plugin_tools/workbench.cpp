#include <nlohmann/json.hpp>

#include <m3u_proxy/plugin_tools/workbench.hpp>

namespace m3u_proxy::plugin_tools {

using plugin_host::Answer;
using plugin_host::AnswerKind;
using plugin_host::PluginInstance;

Workbench::Workbench(Options options)
    : options_(std::move(options)),
      spill_({.folder = std::filesystem::temp_directory_path(),
              .max = {},
              .tmpfs = io::TempFolder::Tmpfs::kAllow}) {}

Result<std::unique_ptr<Workbench>> Workbench::open(const std::filesystem::path& file,
                                                   const plugin_host::CompileOptions& compile,
                                                   Options options) {
  std::unique_ptr<Workbench> out(new Workbench(std::move(options)));
  M3U_TRY(out->plugin_, plugin_host::Plugin::load(file, compile));
  M3U_TRY(out->config_json_,
          plugins::merge_config(out->plugin_->manifest().config_json, out->options_.config_json));
  return out;
}

Result<std::unique_ptr<PluginInstance>> Workbench::make_instance() {
  return make_instance(options_.max_memory, options_.call_timeout);
}

Result<std::unique_ptr<PluginInstance>> Workbench::make_instance(
    Bytes max_memory, std::chrono::milliseconds call_timeout) {
  plugin_host::InstanceOptions options;
  options.budget = &budget_;
  options.spill = &spill_;
  options.permissions = plugin_->manifest().needs;
  options.config_json = config_json_;
  options.max_memory = max_memory;
  options.call_timeout = call_timeout;
  options.total_timeout = options_.total_timeout;
  options.now = options_.now;
  return PluginInstance::create(plugin_->module(), plugin_->manifest(), std::move(options));
}

std::string Workbench::context() const {
  const nlohmann::ordered_json source = {{"name", "input"}, {"type", "m3u"}, {"url", ""}};
  const nlohmann::ordered_json context = {{"abi", 1},
                                          {"proxy", "default"},
                                          {"now", options_.now},
                                          {"chunk_rows", kChunkRows},
                                          {"sources", nlohmann::ordered_json::array({source})},
                                          {"source", 0},
                                          {"pressure", 0}};
  return context.dump();
}

namespace {

/// A plugin that gives nothing so often at its end, or something so often, will never be done.
constexpr int kMostNothing = 10'000;
constexpr int kMostFinalize = 1'000'000;

Result<> run_calls(PluginInstance& instance, ChunkSource& chunks, const TakeAnswer& take) {
  while (true) {
    M3U_TRY(const std::optional<Chunk> chunk, chunks.next());
    if (!chunk) break;
    M3U_TRY(const Answer answer, instance.process_chunk(*chunk));
    if (answer.kind == AnswerKind::kBatch) M3U_CHECK(take(AnswerTime::kChunk, answer.bytes));
  }
  return finalize(instance, [&](Chunk answer) { return take(AnswerTime::kFinalize, answer); });
}

}  // namespace

Result<> finalize(PluginInstance& instance, const std::function<Result<>(Chunk)>& take) {
  int nothing = 0;
  for (int calls = 0; calls < kMostFinalize && nothing < kMostNothing; ++calls) {
    M3U_TRY(const Answer answer, instance.finalize());
    if (answer.kind == AnswerKind::kDone) return {};
    if (answer.kind == AnswerKind::kBatch)
      M3U_CHECK(take(answer.bytes));
    else
      ++nothing;
  }
  return fail(ErrorCode::kPlugin, "m3u_finalize is never done", "it says that it is with 2");
}

Result<> run_generation(PluginInstance& instance, plugins::PluginStage stage,
                        std::string_view context, ChunkSource& chunks, const TakeAnswer& take) {
  auto done = instance.begin(stage, context);
  if (done) done = run_calls(instance, chunks, take);
  if (instance.broken()) return done;
  auto cleaned = instance.cleanup();
  return done ? cleaned : done;
}

}  // namespace m3u_proxy::plugin_tools
