#include <cstdio>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/signals.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>
#include <m3u_proxy/rules/expression.hpp>
#include <m3u_proxy/runtime/configured.hpp>
#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/runtime/system_time.hpp>

namespace m3u_proxy::cli {
namespace {

/// Bytes shown of a value, without its control characters.
constexpr std::size_t kShown = 200;

enum class Kind : std::uint8_t { kFilter, kRule };

/// Whether the word SET is anywhere outside quotes: then a rule was meant.
bool mentions_set(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (starts_with_ascii_case(text.substr(i), "set") &&
               (i == 0 || !is_ascii_alpha(text[i - 1])) &&
               (i + 3 == text.size() || is_ascii_space(text[i + 3]))) {
      return true;
    }
  }
  return false;
}

void print_item(const generation::PreviewItem& item) {
  print("{} [{}] ({})\n", excerpt(item.title, kShown), excerpt(item.belongs_to, kShown),
        item.source);
  for (std::size_t i = 0; i < item.before.size(); ++i)
    print("    {}: \"{}\" → \"{}\"\n", item.before[i].first, excerpt(item.before[i].second, kShown),
          excerpt(item.after[i].second, kShown));
}

std::string_view word_for(catalog::Domain domain) {
  switch (domain) {
    case catalog::Domain::kChannels:
      return "channels";
    case catalog::Domain::kProgrammes:
      return "programmes";
    case catalog::Domain::kGuideChannels:
      return "guide channels";
  }
  return "";
}

Result<generation::PreviewResult> preview(const TestExpressionOptions& options,
                                          const generation::ResolvedProxyConfig& proxy,
                                          runtime::Run& run) {
  switch (options.applies_to) {
    case catalog::Domain::kChannels:
      return run.preview(proxy, options.limit);
    case catalog::Domain::kProgrammes:
      return run.preview_programmes(proxy, options.limit);
    case catalog::Domain::kGuideChannels:
      break;
  }
  return run.preview_guide_channels(proxy, options.limit);
}

config::ConfigFlags flags_for(const TestExpressionOptions& options, Kind kind) {
  config::ExpressionConfig expression;
  expression.name = {.name = "EXPR", .where = {.source = "expression"}};
  expression.where = {.source = "expression"};
  expression.expression = options.expression;
  expression.applies_to = options.applies_to;
  config::ConfigFlags flags;
  flags.sources = options.sources;
  flags.epg_sources = options.epg_sources;
  flags.base_url = options.base_url;
  (kind == Kind::kRule ? flags.rules : flags.filters).push_back(std::move(expression));
  return flags;
}

}  // namespace

ExitCode run_test_expression(const TestExpressionOptions& options,
                             const config::Environment& environment) {
  static CancelToken cancel;
  cancel_on_signals(cancel);
  if (const auto set = set_log_level(options.log_level, environment, "warn"); !set)
    return report_error(set.error());
  const Kind kind = mentions_set(options.expression) ? Kind::kRule : Kind::kFilter;
  if (kind == Kind::kFilter && options.applies_to == catalog::Domain::kGuideChannels)
    return report_error({.code = ErrorCode::kInvalidArgument,
                         .message = "the channels of a guide are not filtered",
                         .hint = "give a rule, such as 'SET channel_id -= \".example\"'"});
  const auto loaded = load({}, environment, flags_for(options, kind));
  if (!loaded) return report_error(loaded.error());
  if (!loaded->problems.empty()) return report_problems(loaded->problems);

  const config::Configuration& configuration = loaded->configuration;
  const auto process = runtime::Process::create(runtime::process_options(configuration, {}));
  if (!process) return report_error(process.error());
  runtime::RunOptions running = runtime::run_options(configuration);
  running.now = options.now.value_or(runtime::system_time());
  running.cancel = &cancel;
  runtime::Run run(**process, std::move(running));
  const auto proxy = runtime::resolve(configuration, configuration.proxies.front(), run);
  if (!proxy) return report_error(proxy.error());
  const auto result = preview(options, *proxy, run);
  if (!result) return report_error(result.error());
  for (const generation::PreviewItem& item : result->items) print_item(item);
  if (result->matched > result->items.size())
    print("… and {} more\n", result->matched - result->items.size());
  print("{}: {} of {} {} {}\n", kind == Kind::kRule ? "rule" : "filter", result->matched,
        result->evaluated, word_for(options.applies_to), kind == Kind::kRule ? "changed" : "match");
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
