#include <map>

#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/plugin_command.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/plugin_tools/conformance.hpp>

namespace m3u_proxy::cli {
namespace {

using plugin_tools::Outcome;

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kFailed:
      return "FAIL";
    case Outcome::kWarning:
      return "warn";
    case Outcome::kSkipped:
      break;
  }
  return "skip";
}

}  // namespace

ExitCode run_plugin_validate(const PluginValidateOptions& options) {
  plugin_tools::ConformanceOptions check;
  if (options.input) check.input = *options.input;
  std::map<Outcome, std::size_t> counts;
  for (const plugin_tools::Verdict& verdict :
       plugin_tools::check_conformance(options.file, check)) {
    ++counts[verdict.outcome];
    print("{:<6}{}\n", word_of(verdict.outcome), verdict.rule);
    if (!verdict.detail.empty()) print("      {}\n", verdict.detail);
  }
  print("{} passed, {} failed, {} warnings, {} skipped\n", counts[Outcome::kOk],
        counts[Outcome::kFailed], counts[Outcome::kWarning], counts[Outcome::kSkipped]);
  return counts[Outcome::kFailed] == 0 ? ExitCode::kPublished : ExitCode::kFailed;
}

}  // namespace m3u_proxy::cli
