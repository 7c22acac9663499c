#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/importers/documents.hpp>
#include <m3u_proxy/importers/programs.hpp>
#include <m3u_proxy/importers/tuliprox.hpp>

namespace m3u_proxy::importers {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoCounterpart = "has no counterpart";

/// A file that may be missing.
Result<ConfigNode> read_if_there(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return ConfigNode();
  return read_yaml(file);
}

Result<TuliproxFiles> read_files(const fs::path& path) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  const fs::path folder = is_folder ? path : path.parent_path();
  TuliproxFiles files;
  M3U_TRY(files.source, read_yaml(is_folder ? folder / "source.yml" : path));
  M3U_TRY(files.config, read_if_there(folder / "config.yml"));
  M3U_TRY(files.mapping, read_if_there(folder / "mapping.yml"));
  M3U_TRY(files.api_proxy, read_if_there(folder / "api-proxy.yml"));
  M3U_TRY(const ConfigNode templates, read_if_there(folder / "template.yml"));
  files.templates.add(templates);
  files.templates.add(files.source);
  if (const ConfigNode* const mappings = find(files.mapping, "mappings"); mappings != nullptr)
    files.templates.add(*mappings);
  return files;
}

/// A schedule of theirs, with seconds in front and a year behind, as a cron expression of ours.
std::string cron_of(std::string_view schedule) {
  std::vector<std::string_view> fields;
  while (!(schedule = trim(schedule)).empty()) {
    const std::size_t end = std::min(schedule.find_first_of(" \t"), schedule.size());
    fields.push_back(schedule.substr(0, end));
    schedule.remove_prefix(end);
  }
  if (fields.size() == 7 && fields.back() == "*") fields.pop_back();
  return fmt::format("{}", fmt::join(fields, " "));
}

void read_config(const ConfigNode& config, Imported& out) {
  if (const ConfigNode* const api = find(config, "api"); api != nullptr) {
    const std::string host = text_of(*api, "host");
    const std::string port = text_of(*api, "port");
    if (!port.empty())
      out.listen = fmt::format("{}:{}", host == "0.0.0.0" || host.empty() ? "[::]" : host, port);
  }
  std::vector<ConfigNode> schedules = items_of(config, "schedules");
  std::erase_if(schedules, [](const ConfigNode& schedule) {
    const std::string type = text_of(schedule, "type");
    return !type.empty() && !type.starts_with("Playlist") && !type.starts_with("playlist");
  });
  if (!schedules.empty()) {
    out.refresh = cron_of(text_of(schedules.front(), "schedule"));
    if (schedules.size() > 1 || !items_of(schedules.front(), "targets").empty())
      out.note(schedules.front().where, "schedules",
               "the first holds for all sources; refresh of a source says another");
  }
  if (const std::string agent = text_of(config, "default_user_agent"); !agent.empty()) {
    for (ImportedSource& source : out.sources)
      if (source.user_agent.empty()) source.user_agent = agent;
  }
  for (const std::string_view key : {"messaging", "video", "library", "hdhomerun", "proxy",
                                     "reverse_proxy", "web_ui", "metadata_update", "ipcheck"})
    if (const ConfigNode* const value = find(config, key); value != nullptr)
      out.note(value->where, std::string(key), std::string(kNoCounterpart));
}

void read_server(const ConfigNode& server, Imported& out) {
  const std::string protocol = text_of(server, "protocol");
  const std::string port = text_of(server, "port");
  const bool usual = port.empty() || (protocol == "https" && port == "443") ||
                     (protocol == "http" && port == "80");
  std::string path = text_of(server, "path");
  while (path.starts_with('/')) path.erase(0, 1);
  if (!path.empty()) out.base_path = "/" + path;
  out.public_url = fmt::format("{}://{}{}{}{}", protocol, text_of(server, "host"), usual ? "" : ":",
                               usual ? "" : port, out.base_path);
}

void read_api_proxy(const ConfigNode& api_proxy, Imported& out) {
  for (const ConfigNode& server : items_of(api_proxy, "server")) {
    if (text_of(server, "name") == "default")
      read_server(server, out);
    else
      out.note(server.where, fmt::format("server {}", text_of(server, "name")),
               "there is one public_url; without it addresses are as each request says");
  }
  for (const ConfigNode& user : items_of(api_proxy, "user"))
    for (const ConfigNode& credentials : items_of(user, "credentials"))
      out.note(credentials.where,
               fmt::format("user {} of target {}", text_of(credentials, "username"),
                           text_of(user, "target")),
               "is left out: each proxy has an address with a token of its own");
}

/// ${env:NAME} elsewhere than in a password, which stays in the environment.
void note_variables(Imported& out) {
  for (const auto* const list : {&out.sources, &out.epg_sources})
    for (const ImportedSource& source : *list)
      if (source.location.contains("${env:"))
        out.note({}, fmt::format("address of {}", source.name),
                 "has a variable of the environment in it; write its value there");
}

}  // namespace

Result<> read_tuliprox(const fs::path& path, Imported& out) {
  M3U_TRY(const TuliproxFiles files, read_files(path));
  const TuliproxInputs inputs = read_tuliprox_inputs(files, out);
  read_tuliprox_targets(files, inputs, out);
  read_config(files.config, out);
  read_api_proxy(files.api_proxy, out);
  note_variables(out);
  return {};
}

}  // namespace m3u_proxy::importers
