#include <algorithm>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>

namespace m3u_proxy::cli {
namespace {

/// The words that could be typed at this place.
std::vector<std::string> words_for(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) words.push_back(command->get_name());
  return words;
}

/// How a command is called, with a space at the end: "m3u-proxy plugin list ".
std::string path_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return (parent == nullptr ? "" : path_of(*parent)) + command.get_name() + " ";
}

/// The innermost command that was typed; the program itself when there was none.
const CLI::App& chosen_command(const CLI::App& program) {
  const CLI::App* chosen = &program;
  while (!chosen->get_subcommands().empty()) chosen = chosen->get_subcommands().front();
  return *chosen;
}

/// The command that has the option `name`, which was typed where only the program's may be: `app`
/// itself when a command followed, else the first that has it; nullptr when none does.
const CLI::App* owner_of(const CLI::App& app, const std::string& name) {
  if (!name.starts_with("--")) return nullptr;
  if (app.get_parent() != nullptr) return app.get_option_no_throw(name) != nullptr ? &app : nullptr;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_option_no_throw(name) != nullptr) return command;
  return nullptr;
}

std::unexpected<Error> explain_extra(const CLI::App& app, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  if (const CLI::App* owner = owner_of(app, name))
    return usage(fmt::format("{} is given before its command", name),
                 fmt::format("write {}{} …", path_of(*owner), name));
  const auto words = words_for(app);
  const std::string_view close = closest_word(name, words);
  const bool is_option = name.starts_with('-');
  const bool takes_commands = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  std::string message = is_option ? fmt::format("{} is not an option", name)
                        : takes_commands
                            ? fmt::format("{} is not a command", excerpt(word))
                            : fmt::format("{} does not take {}", app.get_name(), excerpt(word));
  return usage(std::move(message), close.empty() ? fmt::format("see {}--help", path_of(app))
                                                 : fmt::format("did you mean {}?", close));
}

}  // namespace

std::unexpected<Error> usage(std::string message, std::string hint) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), std::move(hint));
}

std::unexpected<Error> explain_usage(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& app = chosen_command(program);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    auto extras = app.remaining();
    if (extras.empty()) extras = program.remaining(true);
    const auto option =
        std::ranges::find_if(extras, [](const auto& word) { return word.starts_with('-'); });
    if (option != extras.end()) return explain_extra(app, *option);
    if (!extras.empty()) return explain_extra(app, extras.front());
  }
  // Where a command has to follow, the parser misses it before it says what stands there instead.
  if (const auto extras = app.remaining();
      app.get_require_subcommand_min() > 0 && !extras.empty() && !extras.front().starts_with('-'))
    return explain_extra(app, extras.front());
  return usage(error.what(), fmt::format("see {}--help", path_of(app)));
}

}  // namespace m3u_proxy::cli
