#include <cerrno>
#include <cstdio>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/plugin_tools/made_input.hpp>
#include <m3u_proxy/plugin_tools/plugin_bench.hpp>
#include <m3u_proxy/plugin_tools/run_alone.hpp>
#include <m3u_proxy/runtime/system_time.hpp>

namespace m3u_proxy::cli {
namespace {

using plugin_tools::Workbench;
using Milliseconds = std::chrono::duration<double, std::milli>;

Result<std::unique_ptr<io::ByteSource>> open_input(const std::optional<std::string>& file) {
  if (file && *file != "-") return io::open_file(*file);
  const int input = ::dup(STDIN_FILENO);
  if (input < 0) return fail(system_error("cannot read standard input", errno));
  return io::make_descriptor_source(io::Descriptor(input), "standard input");
}

Result<> check_stage(const Workbench& bench, plugins::PluginStage stage) {
  const plugins::Manifest& manifest = bench.plugin().manifest();
  if (std::ranges::find(manifest.stages, stage) != manifest.stages.end()) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("plugin \"{}\" does not work in stage \"{}\"", manifest.name, to_string(stage)),
      fmt::format("it has \"{}\"", to_string(manifest.stages.front())));
}

Result<ProblemLog> run(const PluginRunOptions& options) {
  Workbench::Options settings;
  settings.config_json = options.config_json.value_or("");
  settings.now = options.now.value_or(runtime::system_time());
  M3U_TRY(const auto bench, Workbench::open(options.file, {}, std::move(settings)));
  M3U_CHECK(check_stage(*bench, options.stage));
  M3U_TRY(auto input, open_input(options.input));
  StandardOutput out;
  M3U_TRY(ProblemLog problems,
          plugin_tools::run_alone(*bench, options.stage, std::move(input), out));
  M3U_CHECK(StandardOutput::finish());
  return problems;
}

double in_ms(std::chrono::nanoseconds time) { return Milliseconds(time).count(); }

void print_result(const plugin_tools::BenchResult& result) {
  const double seconds = std::chrono::duration<double>(result.total).count();
  const auto per_second = [&](std::uint64_t count) {
    return seconds > 0 ? static_cast<double>(count) / seconds : 0.0;
  };
  print("{:<22}{:.2f} ms\n", "start from the cache", in_ms(result.start));
  print("{:<22}{} ns\n", "smallest call", result.smallest_call.count());
  print("{:<22}{:.3f} ms; {:.3f} to {:.3f} ms\n", "median of a chunk", in_ms(result.median),
        in_ms(result.least), in_ms(result.most));
  print("{:<22}{} in {:.1f} ms, {:.0f} a second\n", "chunks", result.chunks, in_ms(result.total),
        per_second(result.chunks));
  if (result.rows != 0)
    print("{:<22}{}, {:.0f} a second\n", "rows", result.rows, per_second(result.rows));
  print("{:<22}{:.1f} MB in, {:.1f} MB out, {:.0f} MB/s in\n", "bytes",
        static_cast<double>(result.bytes_in) / 1048576.0,
        static_cast<double>(result.bytes_out) / 1048576.0, per_second(result.bytes_in) / 1048576.0);
  print("{:<22}{:.1f} MB\n", "memory of the plugin",
        static_cast<double>(result.memory.count) / 1048576.0);
}

Result<plugin_tools::BenchResult> bench(const PluginBenchOptions& options) {
  Workbench::Options settings;
  settings.total_timeout = std::chrono::hours(1);
  M3U_TRY(const auto bench, Workbench::open(options.file, {}, std::move(settings)));
  const plugins::PluginStage stage =
      options.stage.value_or(bench->plugin().manifest().stages.front());
  M3U_CHECK(check_stage(*bench, stage));
  std::unique_ptr<io::ByteSource> input;
  if (options.input) {
    M3U_TRY(input, open_input(options.input));
  } else if (stage == plugins::PluginStage::kSourceLoading) {
    return fail(ErrorCode::kInvalidArgument, "--input is missing",
                "stage source_loading needs a source in the plugin's format");
  } else {
    input = plugin_tools::make_input(stage, options.channels);
  }
  return plugin_tools::measure(*bench, stage, std::move(input), {});
}

}  // namespace

ExitCode run_plugin_run(const PluginRunOptions& options) {
  const auto problems = run(options);
  if (!problems) return report_error(problems.error());
  for (const auto& [reason, count] : problems->by_reason()) print_error("{}: {}\n", reason, count);
  return ExitCode::kPublished;
}

ExitCode run_plugin_bench(const PluginBenchOptions& options) {
  const auto result = bench(options);
  if (!result) return report_error(result.error());
  print_result(*result);
  return ExitCode::kPublished;
}

/// A module may be made to cost the compiler more than it is worth.
void limit_compiler() {
  constexpr ::rlim_t kMemory = ::rlim_t{2} << 30U;
  constexpr ::rlim_t kSeconds = 60;
  const ::rlimit memory{.rlim_cur = kMemory, .rlim_max = kMemory};
  const ::rlimit time{.rlim_cur = kSeconds, .rlim_max = kSeconds};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CPU, &time);
}

/// The parent process reads the reason of a failure in OUT.error.
ExitCode run_plugin_compile(const PluginCompileOptions& options) {
  limit_compiler();
  const auto done = plugin_host::compile_module_file(options.module, options.out);
  if (done) return ExitCode::kPublished;
  std::ofstream(std::filesystem::path(options.out).string() + ".error") << done.error().message;
  return report_error(done.error());
}

}  // namespace m3u_proxy::cli
