#include <algorithm>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/output_check.hpp>
#include <m3u_proxy/cli/own_program.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/report_file.hpp>
#include <m3u_proxy/cli/signals.hpp>
#include <m3u_proxy/cli/terminal_progress.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/runtime/system_time.hpp>

namespace m3u_proxy::cli {
namespace {

std::unique_ptr<TerminalProgress> make_progress(ProgressMode mode) {
  if (mode == ProgressMode::kNone) return nullptr;
  const bool bar = mode == ProgressMode::kAuto && stderr_is_terminal();
  return std::make_unique<TerminalProgress>(bar ? ProgressView::Style::kBar
                                                : ProgressView::Style::kPlain);
}

/// The outcome of a run of several proxies: a failure before a degraded result before success.
ExitCode worst(const std::vector<ProxyOutcome>& outcomes) {
  ExitCode code = ExitCode::kPublished;
  for (const ProxyOutcome& outcome : outcomes) {
    if (!outcome.result) return exit_code_of(outcome.result.error().code);
    if (outcome.result->degraded) code = ExitCode::kDegraded;
  }
  return code;
}

void print_results(const std::vector<ProxyOutcome>& outcomes) {
  for (const ProxyOutcome& outcome : outcomes) {
    if (outcome.result) {
      if (log::enabled("pipeline", log::Level::kInfo))
        print_error("{}\n", report::generation_tree(*outcome.result));
      print("{}\n", report::summary_line(*outcome.result));
      continue;
    }
    Error error = outcome.result.error();
    if (error.code == ErrorCode::kCancelled) error.message = "stopped, nothing was replaced";
    error.message = fmt::format("{}: {}", outcome.proxy, error.message);
    report_error(error);
  }
  (void)std::fflush(stdout);
}

std::vector<ProxyOutcome> generate_all(runtime::Run& run,
                                       const config::Configuration& configuration,
                                       const std::filesystem::path& out,
                                       const CancelToken& cancel) {
  std::vector<ProxyOutcome> outcomes;
  for (const config::ProxyConfig& proxy : configuration.proxies) {
    outcomes.push_back({.proxy = proxy.name.name,
                        .result = runtime::generate_to_files(configuration, proxy, run, out)});
    if (cancel.cancelled()) break;
  }
  return outcomes;
}

ExitCode finish(const GenerateOptions& options, const std::vector<ProxyOutcome>& outcomes) {
  print_results(outcomes);
  const ExitCode code = worst(outcomes);
  if (!options.report) return code;
  const auto written = write_report(*options.report, outcomes);
  if (written) return code;
  report_error(written.error());
  return code == ExitCode::kPublished ? ExitCode::kDegraded : code;
}

ExitCode finish_early(const GenerateOptions& options, const Error& error) {
  if (!options.report) return report_error(error);
  report_error(error);
  std::vector<ProxyOutcome> outcomes;
  outcomes.push_back({.proxy = "", .result = fail(error)});
  if (const auto written = write_report(*options.report, outcomes); !written)
    report_error(written.error());
  return exit_code_of(error.code);
}

}  // namespace

ExitCode run_generate(const GenerateOptions& options, const config::Environment& environment) {
  static CancelToken cancel;  // the signal handler may look at it until the very end
  cancel_on_signals(cancel);
  if (const auto set = set_log_level(options.log_level, environment, "info"); !set)
    return report_error(set.error());
  const auto loaded = load(options.config, environment, options.flags);
  if (!loaded) return report_error(loaded.error());
  if (!loaded->problems.empty()) return report_problems(loaded->problems);
  const config::Configuration& configuration = loaded->configuration;
  if (configuration.proxies.empty() || configuration.proxies.front().sources.empty())
    return report_error({.code = ErrorCode::kConfig,
                         .message = "nothing to generate: no sources are configured",
                         .hint = "add [[sources]] to the configuration, or give --source"});
  if (!configuration.not_acted_on.empty())
    log::info("config", "accepted and not acted on by this version: {}",
              fmt::join(configuration.not_acted_on, ", "));

  if (const auto safe = check_outputs(configuration, options.out, options.config, options.report);
      !safe)
    return report_error(safe.error());
  if (options.report)
    if (const auto possible = check_report_file(*options.report); !possible)
      return report_error(possible.error());

  auto progress = make_progress(options.progress);
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  runtime::ProcessOptions sharing = runtime::process_options(configuration, options.out);
  sharing.plugins.compiler = own_program();
  auto process = runtime::Process::create(std::move(sharing));
  if (!process) return finish_early(options, process.error());
  if (const auto made = runtime::prepare_output_folder(options.out); !made)
    return finish_early(options, made.error());
  runtime::RunOptions running = runtime::run_options(configuration);
  running.cache_dir = options.cache_dir.value_or("");
  running.threads = options.threads != 0 ? options.threads : processors;
  running.now = options.now.value_or(runtime::system_time());
  running.cancel = &cancel;
  running.progress = progress.get();
  runtime::Run run(**process, std::move(running));
  const auto outcomes = generate_all(run, configuration, options.out, cancel);
  progress.reset();
  return finish(options, outcomes);
}

}  // namespace m3u_proxy::cli
