#include <algorithm>
#include <random>

#include <fmt/format.h>

#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/plugin_tools/conformance_stage.hpp>
#include <m3u_proxy/plugin_tools/recorded_run.hpp>

namespace m3u_proxy::plugin_tools {
namespace {

using plugin_host::PluginInstance;
using plugins::PluginStage;
using Milliseconds = std::chrono::milliseconds;

constexpr int kGenerations = 50;
constexpr int kWarmUp = 5;
/// What memory may grow by between the end of the warm-up and the last generation.
constexpr Bytes kMostGrowth = kib(256);
constexpr int kRubbishChunks = 64;
constexpr std::size_t kLargestRubbish = 4096;
constexpr Milliseconds kRubbishTimeout{1000};
/// Room beyond its first memory where a plugin is refused more.
constexpr Bytes kTightRoom = kib(512);
constexpr int kTightRounds = 4;

std::unexpected<Error> broken(std::string message, std::string hint) {
  return fail(ErrorCode::kPlugin, std::move(message), std::move(hint));
}

class StageCheck {
 public:
  StageCheck(Workbench& bench, PluginStage stage, const plugins::PluginInfo& info,
             std::vector<Verdict>& verdicts)
      : bench_(bench),
        stage_(stage),
        streams_(info.memory_requirements.supports_streaming),
        max_heap_(mib(info.memory_requirements.max_heap_mb)),
        verdicts_(verdicts) {}

  void run(const std::optional<std::filesystem::path>& input) {
    auto samples = memory::guarded([&] { return make_samples(stage_, input, bench_.slabs()); });
    if (!samples) return add(Outcome::kSkipped, "chunks", to_string(samples.error()));
    samples_ = *std::move(samples);
    // What a plugin makes of a source in somebody else's format is its own affair.
    if (stage_ == PluginStage::kSourceLoading && !input)
      add(Outcome::kSkipped, "what comes out is right", "give --input with a source of its format");
    else if (!check_answers())
      return;  // all that follows needs answers
    check("memory does not grow over 50 generations, and keeps to max_heap_mb",
          [this] { return check_growth(); });
    check("a generation may end after begin", [this] { return check_early_end(); });
    check_tight_memory();
    check("rubbish does not hang it", [this] { return check_rubbish(); });
  }

 private:
  void add(Outcome outcome, std::string_view rule, std::string detail) {
    verdicts_.push_back({.rule = fmt::format("{}: {}", to_string(stage_), rule),
                         .outcome = outcome,
                         .detail = std::move(detail)});
  }

  template <typename Work>
  bool check(std::string_view rule, Work work) {
    const Result<> result = memory::guarded(work);
    add(result ? Outcome::kOk : Outcome::kFailed, rule, result ? "" : to_string(result.error()));
    return result.has_value();
  }

  Result<RecordedRun> fresh_run(const Chunks& chunks) {
    M3U_TRY(const auto instance, bench_.make_instance());
    return record_run(bench_, *instance, stage_, chunks);
  }

  bool check_answers() {
    if (!check("chunks of every kind give what verifies, and finalize ends",
               [this] { return check_kinds(); }))
      return false;
    check(streams_ ? "it streams: chunks are answered one by one"
                   : "it accumulates: chunks are answered with 1, finalize gives all",
          [this] { return check_mode(); });
    check("two generations of an instance give the same", [this] { return check_again(); });
    check("two instances give the same", [this] { return check_instances(); });
    if (stage_ == PluginStage::kSourceLoading)
      check("where the source is cut does not matter", [this] { return check_cuts(); });
    else if (bench_.plugin().manifest().parallel)
      check("parallel: how rows are cut into chunks does not matter",
            [this] { return check_cuts(); });
    return true;
  }

  Result<> check_kinds() {
    for (const NamedChunks& kind : samples_.kinds)
      if (const auto run = fresh_run(kind.chunks); !run)
        return broken(fmt::format("{}: {}", kind.name, run.error().message), run.error().hint);
    return {};
  }

  Result<> check_mode() {
    M3U_TRY(const RecordedRun run, fresh_run(samples_.usual));
    if (!streams_ && run.chunk_answered)
      return broken("m3u_process_chunk gave a batch, and supports_streaming is false",
                    "say supports_streaming, or keep everything until m3u_finalize");
    if (bench_.plugin().manifest().parallel && run.finalize_answered)
      return broken("m3u_finalize gave a batch, and the manifest says parallel",
                    "answer each chunk with all that becomes of it, or leave parallel out");
    if (bench_.plugin().manifest().parallel && !streams_)
      return broken("the manifest says parallel, and supports_streaming is false",
                    "say supports_streaming, or leave parallel out");
    return {};
  }

  Result<> check_again() {
    M3U_TRY(const auto instance, bench_.make_instance());
    M3U_TRY(const RecordedRun first, record_run(bench_, *instance, stage_, samples_.usual));
    M3U_TRY(const RecordedRun second, record_run(bench_, *instance, stage_, samples_.usual));
    if (first.answers == second.answers) return {};
    return broken("the second generation gave something else",
                  "forget in m3u_begin and m3u_cleanup what was before");
  }

  Result<> check_instances() {
    M3U_TRY(const RecordedRun first, fresh_run(samples_.usual));
    M3U_TRY(const RecordedRun second, fresh_run(samples_.usual));
    if (first.answers == second.answers) return {};
    return broken("the second instance gave something else",
                  "use no clock and no random numbers, and no order of addresses");
  }

  Result<> check_cuts() {
    M3U_TRY(const RecordedRun one, fresh_run(samples_.one_cut));
    M3U_TRY(const RecordedRun other, fresh_run(samples_.other_cut));
    if (rows_of(one, stage_, bench_.slabs()) == rows_of(other, stage_, bench_.slabs())) return {};
    if (stage_ == PluginStage::kSourceLoading)
      return broken("small pieces gave other channels",
                    "keep the unfinished end of a piece for the next one");
    return broken("ten chunks of 100 rows gave other rows than one of 1000",
                  "look at each row for itself, or leave parallel out");
  }

  Result<> check_growth() {
    M3U_TRY(const auto instance, bench_.make_instance());
    Bytes before{};
    for (int generation = 1; generation <= kGenerations; ++generation) {
      const auto run = record_run(bench_, *instance, stage_, samples_.one_cut);
      // An error of a plugin that is usable afterwards is judged elsewhere.
      if (!run && instance->broken()) return fail(run.error());
      if (generation == kWarmUp) before = instance->memory_size();
    }
    const Bytes after = instance->memory_size();
    if (max_heap_.count != 0 && after > max_heap_)
      return broken(fmt::format("it has {} MB, and its max_heap_mb is {}", after.count >> 20U,
                                max_heap_.count >> 20U),
                    "correct max_heap_mb, or free in m3u_cleanup what a generation made");
    if (after <= before + kMostGrowth) return {};
    return broken(fmt::format("its memory grew by {} KB", (after - before).count >> 10U),
                  "free in m3u_cleanup what a generation made");
  }

  Result<> check_early_end() {
    M3U_TRY(const auto instance, bench_.make_instance());
    M3U_CHECK(instance->begin(stage_, bench_.context()));
    M3U_CHECK(instance->cleanup());
    M3U_CHECK(instance->begin(stage_, bench_.context()));
    if (!samples_.usual.empty()) (void)instance->process_chunk(samples_.usual.front());
    return instance->cleanup();
  }

  /// A plugin that says it can handle an emergency should not trap when it is refused memory.
  void check_tight_memory() {
    const auto work = [this]() -> Result<> {
      M3U_TRY(const auto roomy, bench_.make_instance());
      M3U_TRY(const bool handles,
              roomy->can_handle_memory_pressure(memory::MemoryPressureLevel::kEmergency));
      if (!handles) return {};
      M3U_TRY(const auto instance, bench_.make_instance(roomy->memory_size() + kTightRoom,
                                                        bench_.options().call_timeout));
      M3U_TRY(const bool told,
              instance->can_handle_memory_pressure(memory::MemoryPressureLevel::kEmergency));
      (void)told;
      Chunks many;
      for (int round = 0; round < kTightRounds; ++round)
        many.insert(many.end(), samples_.usual.begin(), samples_.usual.end());
      const auto run = record_run(bench_, *instance, stage_, many);
      if (run || !instance->broken()) return {};
      return broken(run.error().message,
                    "check what the allocator gives; answer with an error, or spill");
    };
    const Result<> result = memory::guarded(work);
    add(result ? Outcome::kOk : Outcome::kWarning, "memory that is refused does not trap it",
        result ? "" : to_string(result.error()));
  }

  Result<> check_rubbish() {
    std::mt19937_64 random(1);  // the same rubbish each time
    std::unique_ptr<PluginInstance> instance;
    for (int i = 0; i < kRubbishChunks; ++i) {
      if (!instance || instance->broken()) {
        M3U_TRY(instance, bench_.make_instance(bench_.options().max_memory, kRubbishTimeout));
        M3U_CHECK(instance->begin(stage_, bench_.context()));
      }
      const OwnedChunk chunk = make_rubbish(random, i);
      const auto before = instance->spent();
      (void)instance->process_chunk(chunk);
      if (instance->spent() - before >= kRubbishTimeout)
        return broken(
            fmt::format("{} bytes kept it busy for {} ms", chunk.size(), kRubbishTimeout.count()),
            "check sizes and offsets before loops over them");
    }
    return {};
  }

  /// Random bytes, and good chunks with some of their bytes changed.
  [[nodiscard]] OwnedChunk make_rubbish(std::mt19937_64& random, int round) const {
    OwnedChunk chunk;
    if (round % 2 == 0 || samples_.one_cut.empty()) {
      chunk.resize(random() % kLargestRubbish);
      for (std::uint8_t& byte : chunk) byte = static_cast<std::uint8_t>(random());
      return chunk;
    }
    chunk = samples_.one_cut.front();
    for (int flips = 0; flips < 8 && !chunk.empty(); ++flips)
      chunk[random() % std::min(chunk.size(), kLargestRubbish)] =
          static_cast<std::uint8_t>(random());
    return chunk;
  }

  Workbench& bench_;
  PluginStage stage_;
  bool streams_;
  Bytes max_heap_;
  std::vector<Verdict>& verdicts_;
  StageSamples samples_;
};

}  // namespace

void check_stage(Workbench& bench, PluginStage stage, const plugins::PluginInfo& info,
                 const std::optional<std::filesystem::path>& input,
                 std::vector<Verdict>& verdicts) {
  StageCheck(bench, stage, info, verdicts).run(input);
}

}  // namespace m3u_proxy::plugin_tools
