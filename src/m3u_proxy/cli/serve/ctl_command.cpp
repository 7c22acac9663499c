#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/serve/control_client.hpp>
#include <m3u_proxy/cli/serve/ctl_text.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string query_of(const CtlOptions& options) {
  std::string query;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty())
      query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, percent_encoded(value));
  };
  add("from", options.from.value_or(""));
  add("to", options.to.value_or(""));
  add("search", options.search);
  add("proxy", options.proxy);
  add("unset", options.unset);
  return query;
}

ControlCall edits_call(const CtlOptions& options) {
  if (options.command == "edits list") return {"GET", "/edits" + query_of(options), ""};
  const std::string path =
      fmt::format("/edits/{}{}", percent_encoded(options.name), query_of(options));
  if (options.command == "edits remove") return {"DELETE", path, ""};
  Json edit = Json::object();
  for (const auto& [key, value] : options.edit) edit[key] = value;
  if (options.hidden) edit["hidden"] = *options.hidden;
  return {"PUT", path, edit.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

ControlCall call_of(const CtlOptions& options) {
  const std::string& command = options.command;
  const std::string name = percent_encoded(options.name);
  if (command == "status" || command == "jobs") return {"GET", "/" + command, ""};
  if (command == "cancel") return {"POST", fmt::format("/jobs/{}/cancel", name), ""};
  if (command == "refresh" || command == "accept")
    return {"POST", fmt::format("/sources/{}/{}", name, command), ""};
  if (command == "upload") {
    std::error_code ignored;
    return {"POST", fmt::format("/sources/{}/upload{}", name, options.guide ? "?guide=1" : ""),
            std::filesystem::absolute(options.file, ignored).string()};
  }
  if (command.starts_with("edits ")) return edits_call(options);
  const bool only_asks = command == "generations" || command == "diff" || command == "channels";
  return {only_asks ? "GET" : "POST",
          fmt::format("/proxies/{}/{}{}", name, command, query_of(options)), ""};
}

/// All of a list that comes in pages, each of which says where the next one begins.
Result<ControlAnswer> ask_for_pages(const CtlOptions& options) {
  ControlCall call = call_of(options);
  const std::string first = call.path;
  M3U_TRY(ControlAnswer all, ask_service(options.data, call));
  for (Json next = all.json["next"]; next.is_string();) {
    call.path = fmt::format("{}{}after={}", first, first.contains('?') ? '&' : '?',
                            percent_encoded(next.get<std::string>()));
    M3U_TRY(ControlAnswer page, ask_service(options.data, call));
    for (Json& edit : page.json["edits"]) all.json["edits"].push_back(std::move(edit));
    next = page.json["next"];
  }
  all.json["next"] = nullptr;
  all.text = all.json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return all;
}

}  // namespace

ExitCode run_ctl(const CtlOptions& options) {
  const auto answer = options.command == "edits list" ? ask_for_pages(options)
                                                      : ask_service(options.data, call_of(options));
  if (!answer) return report_error(answer.error());
  if (options.json)
    print("{}\n", answer->text);
  else
    print("{}", ctl_text(options.command, answer->json));
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
