#include <array>
#include <filesystem>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/add_option.hpp>
#include <m3u_proxy/cli/serve/serve_arguments.hpp>
#include <m3u_proxy/cli/usage_errors.hpp>
#include <m3u_proxy/cli/value_parsers.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr const char* kServeExamples =
    "Examples:\n"
    "  m3u-proxy serve\n"
    "  m3u-proxy serve --config m3u-proxy.toml --listen 0.0.0.0:8080 \\\n"
    "    --public-url https://tv.example.org --memory-limit 64MB";

constexpr const char* kCtlExamples =
    "Examples:\n"
    "  m3u-proxy ctl status\n"
    "  m3u-proxy ctl refresh tv\n"
    "  m3u-proxy ctl diff home\n"
    "  m3u-proxy ctl roll-back home --to 41\n"
    "  m3u-proxy ctl channels home news\n"
    "  m3u-proxy ctl edits set 4vxPyjWjXTybk-RRrD5oug --number 7 --name \"News at home\"";

}  // namespace

ServeArguments::ServeArguments(CLI::App& program) {
  add_serve(program);
  add_ctl(program);
}

void ServeArguments::add_serve(CLI::App& program) {
  serve_ = program.add_subcommand("serve", "Keep sources fresh and serve what is made of them");
  serve_->footer(kServeExamples);
  add_option(serve_, "--config", raw_.config, "FILE", "Configuration (TOML), watched for changes");
  add_option(serve_, "--data", raw_.data, "DIR", "Folder for everything that is kept (data)");
  add_option(serve_, "--listen", raw_.listen, "HOST:PORT", "Where to listen (127.0.0.1:8080)");
  add_option(serve_, "--public-url", raw_.public_url, "URL",
             "Address under which players reach it (as they ask)");
  add_option(serve_, "--memory-limit", raw_.memory_limit, "SIZE|auto|none",
             "Most memory to use, such as 64MB (auto)");
  add_option(serve_, "--spill-dir", raw_.spill_dir, "DIR",
             "Folder for temporary files (the data's)");
  add_option(serve_, "--threads", raw_.threads, "N", "Threads of a generation (all processors)");
  add_option(serve_, "--log-level", raw_.log_level, "LEVEL",
             "trace, debug, info, warn, error or off; per module as info,memory.cleanup=debug");
  add_option(serve_, "--log-format", raw_.log_format, "text|json", "How the log looks (text)");
}

void ServeArguments::add_ctl(CLI::App& program) {
  ctl_ = program.add_subcommand("ctl", "Ask a running service, or tell it what to do");
  ctl_->footer(kCtlExamples);
  ctl_->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* what) {
    return add_ctl_command(ctl_, name, help, what);
  };
  add("status", "Sources, proxies with their addresses, memory, running jobs", nullptr);
  add("refresh", "Fetch a source now; * is all of them", "SOURCE");
  CLI::App* const upload = add("upload", "Take a file as a source's content", "SOURCE");
  upload->add_option("FILE", raw_.file, "The file")->type_name("")->required();
  upload->add_flag("--guide", raw_.guide,
                   "SOURCE is an EPG source (where a list has its name too)");
  add("accept", "Take over a reply that waits in quarantine", "SOURCE");
  add("jobs", "The last jobs and how they ended", nullptr);
  add("cancel", "Cancel a job", "JOB");
  add("generate", "Generate a proxy now", "PROXY");
  add("generations", "What a proxy has published", "PROXY");
  CLI::App* const diff = add("diff", "How two generations differ", "PROXY");
  add_option(diff, "--from", raw_.from, "N", "The older one (the one before)");
  add_option(diff, "--to", raw_.to, "N", "The newer one (the newest)");
  CLI::App* const roll_back =
      add("roll-back", "Publish an older generation and hold the proxy there", "PROXY");
  add_option(roll_back, "--to", raw_.to, "N", "Which one (the one before)");
  add("release", "End the hold of a roll back", "PROXY");
  CLI::App* const channels = add("channels", "Channels of a proxy, with their ids", "PROXY");
  channels->add_option("TEXT", raw_.search, "A part of their names")->type_name("");
  add_edits();
}

CLI::App* ServeArguments::add_ctl_command(CLI::App* to, const char* name, const char* help,
                                          const char* what) {
  CLI::App* const command = to->add_subcommand(name, help);
  if (what != nullptr) command->add_option(what, raw_.name, "Its name")->type_name("")->required();
  add_option(command, "--data", raw_.data, "DIR", "The service's data folder (data)");
  command->add_flag("--json", raw_.json, "Print the answer as JSON");
  ctl_commands_.push_back(command);
  return command;
}

void ServeArguments::add_edits() {
  edits_ = ctl_->add_subcommand("edits", "What people changed of single channels");
  edits_->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, const char* what) {
    CLI::App* const command = add_ctl_command(edits_, name, help, what);
    add_option(command, "--proxy", raw_.proxy, "PROXY", "For this proxy only (for all)");
    return command;
  };
  add("list", "All of them", nullptr);
  CLI::App* const set = add("set", "Change a channel; what is not named stays", "CHANNEL");
  struct Field {
    const char* option;
    const char* key;
    const char* value;
    const char* help;
  };
  constexpr std::array<Field, 7> kFields = {
      {{"--number", "number", "N", "Its number, before what others ask for"},
       {"--name", "name", "TEXT", "Its name"},
       {"--group", "group", "TEXT", "Its group"},
       {"--logo", "logo", "URL", "Its logo; an empty one takes it away"},
       {"--guide-id", "guide_id", "ID", "The id under which the guide has it"},
       {"--before", "before", "CHANNEL", "It goes before this one"},
       {"--after", "after", "CHANNEL", "It goes behind this one"}}};
  edit_fields_.resize(kFields.size());
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    edit_fields_[i].key = kFields[i].key;
    edit_fields_[i].option = add_option(set, kFields[i].option, edit_fields_[i].value,
                                        kFields[i].value, kFields[i].help);
  }
  set->add_flag("--hide", raw_.hide, "Leave it out, whatever filters say");
  set->add_flag("--show", raw_.show, "Do not hide it");
  add_option(set, "--unset", raw_.unset, "FIELD,…",
             "Leave these to the source again: number, name, group, logo, guide_id, hidden, place");
  add("remove", "Leave all of a channel to the source again", "CHANNEL");
}

Result<ServeOptions> ServeArguments::read_serve() const {
  constexpr std::int64_t kMostThreads = 1024;
  ServeOptions out;
  out.config = given(raw_.config);
  if (!raw_.data.empty()) out.data = raw_.data;
  out.listen = given(raw_.listen);
  out.public_url = given(raw_.public_url);
  if (!raw_.memory_limit.empty()) {
    M3U_TRY(out.flags.memory_limit, parse_memory_limit(raw_.memory_limit));
  }
  out.flags.spill_dir = given(raw_.spill_dir);
  M3U_CHECK(read_number("--threads", raw_.threads, 1, kMostThreads, out.threads));
  out.log_level = given(raw_.log_level);
  out.log_format = given(raw_.log_format);
  if (out.log_format && !log::parse_format(*out.log_format))
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is no format of the log", excerpt(*out.log_format)),
                "use --log-format text or json");
  return out;
}

Result<CtlOptions> ServeArguments::read_ctl() const {
  CtlOptions out;
  if (!raw_.data.empty()) out.data = raw_.data;
  for (const CLI::App* const command : ctl_commands_)
    if (command->parsed())
      out.command =
          command->get_parent() == edits_ ? "edits " + command->get_name() : command->get_name();
  out.name = raw_.name;
  out.from = given(raw_.from);
  out.to = given(raw_.to);
  out.file = raw_.file;
  out.guide = raw_.guide;
  out.search = raw_.search;
  out.proxy = raw_.proxy;
  out.unset = raw_.unset;
  for (const EditField& field : edit_fields_)
    if (field.option->count() != 0) out.edit.emplace_back(field.key, field.value);
  if (raw_.hide && raw_.show)
    return fail(ErrorCode::kInvalidArgument, "--hide and --show say the contrary");
  if (raw_.hide || raw_.show) out.hidden = raw_.hide;
  out.json = raw_.json;
  return out;
}

}  // namespace m3u_proxy::cli
