#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/completion.hpp>

namespace m3u_proxy::cli {
namespace {

/// "-h,--help" → -h, --help
std::vector<std::string> names_of(const OptionInfo& option) {
  std::vector<std::string> names;
  std::string_view rest = option.names;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    names.emplace_back(trim(rest.substr(0, comma)));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

/// The words of "direct|redirect|proxy"; what is in capitals is not a word but a kind of value.
std::vector<std::string> words_of(const OptionInfo& option) {
  std::vector<std::string> words;
  std::string_view rest = option.value;
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    const std::string_view word = rest.substr(0, bar);
    if (!word.empty() && word.front() >= 'a' && word.front() <= 'z') words.emplace_back(word);
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return words;
}

enum class ValueKind : std::uint8_t { kNone, kWords, kFile, kFolder, kOther };

ValueKind kind_of(const OptionInfo& option) {
  if (option.positional)
    return option.names == "FILE" || option.names == "PATH" ? ValueKind::kFile : ValueKind::kOther;
  if (option.value.empty()) return ValueKind::kNone;
  if (option.value == "DIR") return ValueKind::kFolder;
  if (option.value.starts_with("FILE")) return ValueKind::kFile;
  return words_of(option).empty() ? ValueKind::kOther : ValueKind::kWords;
}

std::vector<std::string> all_names(const std::vector<OptionInfo>& options) {
  std::vector<std::string> names;
  for (const OptionInfo& option : options)
    if (!option.positional)
      for (std::string& name : names_of(option)) names.push_back(std::move(name));
  return names;
}

std::string bash_value_cases(const std::vector<OptionInfo>& options) {
  std::string out;
  for (const OptionInfo& option : options) {
    if (option.positional) continue;
    const std::string pattern = fmt::format("{}", fmt::join(names_of(option), "|"));
    switch (kind_of(option)) {
      case ValueKind::kWords:
        out += fmt::format("      {}) COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return ;;\n",
                           pattern, fmt::join(words_of(option), " "));
        break;
      case ValueKind::kFile:
        out += fmt::format("      {}) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", pattern);
        break;
      case ValueKind::kFolder:
        out += fmt::format("      {}) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n", pattern);
        break;
      case ValueKind::kOther:
        out += fmt::format("      {}) return ;;\n", pattern);
        break;
      case ValueKind::kNone:
        break;
    }
  }
  return out;
}

bool takes_file(const CommandInfo& command) {
  return std::ranges::any_of(command.options, [](const OptionInfo& option) {
    return option.positional && kind_of(option) == ValueKind::kFile;
  });
}

/// In single quotes, as every shell here reads them.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionInfo& option) {
  switch (kind_of(option)) {
    case ValueKind::kWords:
      return fmt::format("({})", fmt::join(words_of(option), " "));
    case ValueKind::kFile:
      return "_files";
    case ValueKind::kFolder:
      return "_files -/";
    case ValueKind::kOther:
    case ValueKind::kNone:
      break;
  }
  return " ";
}

std::string zsh_arguments(const std::vector<OptionInfo>& options) {
  std::string out;
  for (const OptionInfo& option : options) {
    if (option.positional) {
      out += " \\\n        " +
             shell_quoted(fmt::format(":{}:{}", zsh_escaped(option.help), zsh_action(option)));
      continue;
    }
    for (const std::string& name : names_of(option)) {
      std::string spec = fmt::format("*{}[{}]", name, zsh_escaped(option.help));
      if (!option.value.empty())
        spec += fmt::format(":{}:{}", zsh_escaped(option.value), zsh_action(option));
      out += " \\\n        " + shell_quoted(spec);
    }
  }
  return out;
}

std::string fish_value(const OptionInfo& option) {
  switch (kind_of(option)) {
    case ValueKind::kWords:
      return fmt::format(" -x -a '{}'", fmt::join(words_of(option), " "));
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kFolder:
      return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kOther:
      return " -x";
    case ValueKind::kNone:
      break;
  }
  return "";
}

std::string fish_option(const OptionInfo& option, const std::string& condition) {
  std::string out = fmt::format("complete -c m3u-proxy -n '{}'", condition);
  for (const std::string& name : names_of(option))
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  return fmt::format("{}{} -d {}\n", out, fish_value(option), shell_quoted(option.help));
}

std::vector<std::string> command_names(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CommandInfo& command : commands) names.push_back(command.name);
  return names;
}

/// A case of the word at `place`: the command's own words after it.
std::string bash_command(const CommandInfo& command, std::size_t place) {
  std::string out =
      fmt::format("  {})\n    if [ \"$COMP_CWORD\" -gt {} ]; then\n", command.name, place);
  if (!command.commands.empty()) {
    out += fmt::format("      case \"${{COMP_WORDS[{}]}}\" in\n", place + 1);
    for (const CommandInfo& inner : command.commands) out += bash_command(inner, place + 1);
    out += fmt::format("      esac\n      [ \"$COMP_CWORD\" -eq {} ] || return\n", place + 1);
  }
  out += "      case \"$prev\" in\n" + bash_value_cases(command.options) + "      esac\n";
  if (takes_file(command))
    out +=
        "      case \"$cur\" in\n        -*) ;;\n"
        "        *) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n      esac\n";
  auto words = command_names(command.commands);
  std::ranges::move(all_names(command.options), std::back_inserter(words));
  return out +
         fmt::format("      COMPREPLY=($(compgen -W '{}' -- \"$cur\"))\n      return\n    fi ;;\n",
                     fmt::join(words, " "));
}

/// Lines that offer the commands as the word that comes next.
std::string zsh_choice(const std::vector<CommandInfo>& commands,
                       const std::vector<OptionInfo>& options) {
  std::string out = "  commands=(\n";
  for (const CommandInfo& command : commands)
    out += fmt::format("    {}\n", shell_quoted(command.name + ':' + zsh_escaped(command.help)));
  out += fmt::format(
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    compadd -- {}\n"
      "    return\n"
      "  fi\n"
      "  command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n",
      fmt::join(all_names(options), " "));
  for (const CommandInfo& command : commands)
    out += command.commands.empty() ? fmt::format("    {})\n      _arguments{} ;;\n", command.name,
                                                  zsh_arguments(command.options))
                                    : fmt::format("    {})\n{}    ;;\n", command.name,
                                                  zsh_choice(command.commands, command.options));
  return out + "  esac\n";
}

std::string fish_command(const CommandInfo& command, const std::string& condition) {
  std::string out;
  if (takes_file(command)) out += fmt::format("complete -c m3u-proxy -n '{}' -F\n", condition);
  for (const OptionInfo& option : command.options)
    if (!option.positional) out += fish_option(option, condition);
  const std::string none = fmt::format("{}; and not __fish_seen_subcommand_from {}", condition,
                                       fmt::join(command_names(command.commands), " "));
  for (const CommandInfo& inner : command.commands) {
    out += fmt::format("complete -c m3u-proxy -n '{}' -a {} -d {}\n", none, inner.name,
                       shell_quoted(inner.help));
    out += fish_command(inner, condition + "; and __fish_seen_subcommand_from " + inner.name);
  }
  return out;
}

}  // namespace

std::string bash_completion(const ProgramInfo& program) {
  std::string out =
      "# bash completion for m3u-proxy\n"
      "_m3u_proxy() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  COMPREPLY=()\n"
      "  case \"${COMP_WORDS[1]}\" in\n";
  for (const CommandInfo& command : program.commands) out += bash_command(command, 1);
  out += fmt::format(
      "  esac\n"
      "  [ \"$COMP_CWORD\" -eq 1 ] && COMPREPLY=($(compgen -W '{} {}' -- \"$cur\"))\n"
      "}}\n"
      "complete -o filenames -F _m3u_proxy m3u-proxy\n",
      fmt::join(command_names(program.commands), " "), fmt::join(all_names(program.options), " "));
  return out;
}

std::string zsh_completion(const ProgramInfo& program) {
  std::string out =
      "#compdef m3u-proxy\n"
      "_m3u_proxy() {\n"
      "  local command\n"
      "  local -a commands\n";
  out += zsh_choice(program.commands, program.options);
  out += "}\n_m3u_proxy \"$@\"\n";
  return out;
}

std::string fish_completion(const ProgramInfo& program) {
  std::string out = "# fish completion for m3u-proxy\ncomplete -c m3u-proxy -f\n";
  const std::string none = fmt::format("not __fish_seen_subcommand_from {}",
                                       fmt::join(command_names(program.commands), " "));
  for (const CommandInfo& command : program.commands)
    out += fmt::format("complete -c m3u-proxy -n '{}' -a {} -d {}\n", none, command.name,
                       shell_quoted(command.help));
  for (const OptionInfo& option : program.options) out += fish_option(option, none);
  for (const CommandInfo& command : program.commands)
    out += fish_command(command, "__fish_seen_subcommand_from " + command.name);
  return out;
}

}  // namespace m3u_proxy::cli
