#include <fmt/format.h>

#include <m3u_proxy/cli/man_page.hpp>

namespace m3u_proxy::cli {
namespace {

/// Text for troff: a backslash and a hyphen are escaped, a leading dot or quote is protected.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string option_entry(const OptionInfo& option) {
  std::string out = fmt::format(".TP\n.B {}", escaped(option.names));
  if (!option.value.empty()) out += " \\fI" + escaped(option.value) + "\\fR";
  return fmt::format("{}\n{}\n", out, escaped(option.help));
}

/// The commands that are no mere beginning of others, with all their words as name.
void add_whole(const CommandInfo& command, const std::string& before,
               std::vector<CommandInfo>& out) {
  if (command.commands.empty()) {
    out.push_back(command);
    out.back().name = before + command.name;
  }
  for (const CommandInfo& inner : command.commands)
    add_whole(inner, before + command.name + " ", out);
}

std::string synopsis(const CommandInfo& command) {
  std::string out = fmt::format(".B m3u\\-proxy {}\n", escaped(command.name));
  for (const OptionInfo& option : command.options)
    if (option.positional) out += fmt::format(".I {}\n", escaped(option.names));
  return out + ".RI [ options ]\n";
}

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\npublished\n"
    ".TP\n.B 1\nfailed, nothing was replaced\n"
    ".TP\n.B 2\nwrong usage or configuration\n"
    ".TP\n.B 3\npublished, but a source failed, was partial or came from the cache, or "
    "the report could not be written\n"
    ".TP\n.B 4\nthe memory limit does not allow this job\n";

constexpr std::string_view kEnvironment =
    ".SH ENVIRONMENT\n"
    ".TP\n.B M3U_PROXY_LOG\nlog levels, such as info,memory.cleanup=debug\n"
    ".TP\n.B MEMORY_LIMIT_MB\nmemory limit in MB, auto or none\n"
    ".TP\n.B CLEANUP_AGGRESSIVE\ntrue: give memory back after every stage\n"
    ".TP\n.B M3U_PROXY_<SECTION>__<KEY>\nany key of the configuration's plain sections, such as "
    "M3U_PROXY_PROXY_MEMORY__BATCH_SIZE\n";

}  // namespace

std::string man_page(const ProgramInfo& program) {
  std::string out = fmt::format(
      ".TH M3U\\-PROXY 1 \"\" \"m3u\\-proxy {}\" \"User Commands\"\n"
      ".SH NAME\nm3u\\-proxy \\- IPTV playlist and guide proxy\n.SH SYNOPSIS\n",
      escaped(program.version));
  std::vector<CommandInfo> commands;
  for (const CommandInfo& command : program.commands) add_whole(command, "", commands);
  for (std::size_t i = 0; i < commands.size(); ++i)
    out += (i == 0 ? "" : ".br\n") + synopsis(commands[i]);
  out += fmt::format(".SH DESCRIPTION\n{}\n.SH OPTIONS\n", escaped(program.help));
  for (const OptionInfo& option : program.options) out += option_entry(option);
  for (const CommandInfo& command : commands) {
    out += fmt::format(".SS m3u\\-proxy {}\n{}.\n", escaped(command.name), escaped(command.help));
    for (const OptionInfo& option : command.options) out += option_entry(option);
  }
  out += ".SH EXAMPLES\n.nf\n";
  for (const CommandInfo& command : commands) {
    // The first line is the heading of the help text.
    const std::size_t heading = command.examples.find('\n');
    out += escaped(std::string_view(command.examples).substr(heading + 1)) + "\n";
  }
  out += ".fi\n";
  out += kExitStatus;
  out += kEnvironment;
  return out;
}

}  // namespace m3u_proxy::cli
