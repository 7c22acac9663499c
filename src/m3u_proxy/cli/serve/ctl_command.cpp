#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/base/url_text.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/serve/ctl_text.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Call {
  std::string_view method;
  std::string path;
  std::string body;
};

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

Call edits_call(const CtlOptions& options) {
  if (options.command == "edits list") return {"GET", "/edits" + query_of(options), ""};
  const std::string path =
      fmt::format("/edits/{}{}", percent_encoded(options.name), query_of(options));
  if (options.command == "edits remove") return {"DELETE", path, ""};
  Json edit = Json::object();
  for (const auto& [key, value] : options.edit) edit[key] = value;
  if (options.hidden) edit["hidden"] = *options.hidden;
  return {"PUT", path, edit.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Call call_of(const CtlOptions& options) {
  const std::string& command = options.command;
  const std::string name = percent_encoded(options.name);
  if (command == "status" || command == "jobs") return {"GET", "/" + command, ""};
  if (command == "cancel") return {"POST", fmt::format("/jobs/{}/cancel", name), ""};
  if (command == "refresh" || command == "accept")
    return {"POST", fmt::format("/sources/{}/{}", name, command), ""};
  if (command == "upload") {
    std::error_code ignored;
    return {"POST", fmt::format("/sources/{}/upload", name),
            std::filesystem::absolute(options.file, ignored).string()};
  }
  if (command.starts_with("edits ")) return edits_call(options);
  const bool only_asks = command == "generations" || command == "diff" || command == "channels";
  return {only_asks ? "GET" : "POST",
          fmt::format("/proxies/{}/{}{}", name, command, query_of(options)), ""};
}

Result<io::Descriptor> connect_to(const std::filesystem::path& path) {
  io::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof(address.sun_path))
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} is too long for a socket", name));
  std::memcpy(address.sun_path, name.data(), name.size());
  if (!socket.valid() ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Error error = system_error(fmt::format("no service answers at {}", name), errno);
    error.hint = "start it with m3u-proxy serve, or name its data folder with --data";
    return fail(std::move(error));
  }
  return socket;
}

/// The whole answer: the service closes the connection after it.
Result<std::string> exchange(const std::filesystem::path& socket_path, const Call& call) {
  M3U_TRY(const io::Descriptor socket, connect_to(socket_path));
  const std::string request = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
      call.method, call.path, call.body.size(), call.body);
  M3U_CHECK(io::write_all(socket.get(), request, "cannot ask the service"));
  std::string answer;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t size = ::read(socket.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(system_error("cannot read what the service answers", errno));
    if (size == 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace

ExitCode run_ctl(const CtlOptions& options) {
  const auto answer =
      exchange(std::filesystem::path(options.data) / "control.sock", call_of(options));
  if (!answer) return report_error(answer.error());
  const std::size_t body = answer->find("\r\n\r\n");
  const std::size_t blank = answer->find(' ');
  if (body == std::string::npos || blank == std::string::npos)
    return report_error({.code = ErrorCode::kInternal, .message = "the service answered nothing"});
  const bool good = answer->compare(blank + 1, 1, "2") == 0;
  const std::string_view text = trim(std::string_view(*answer).substr(body + 4));
  const Json json = Json::parse(text, nullptr, false);
  if (!good || json.is_discarded()) {
    Error error{.code = ErrorCode::kIo, .message = std::string(text)};
    if (json.is_object()) {
      error.message = json.value("error", std::string(text));
      error.hint = json.value("hint", "");
    }
    return report_error(error);
  }
  if (options.json)
    print("{}\n", text);
  else
    print("{}", ctl_text(options.command, json));
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
