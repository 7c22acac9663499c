#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/cli/serve/control_client.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::cli {
namespace {

using Json = nlohmann::ordered_json;

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
Result<std::string> exchange(const std::filesystem::path& socket_path, const ControlCall& call) {
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

Result<ControlAnswer> ask_service(const std::filesystem::path& data, const ControlCall& call) {
  M3U_TRY(const std::string answer, exchange(data / "control.sock", call));
  const std::size_t body = answer.find("\r\n\r\n");
  const std::size_t blank = answer.find(' ');
  if (body == std::string::npos || blank == std::string::npos)
    return fail(ErrorCode::kInternal, "the service answered nothing");
  const bool good = answer.compare(blank + 1, 1, "2") == 0;
  ControlAnswer out{.text = std::string(trim(std::string_view(answer).substr(body + 4))),
                    .json = {}};
  out.json = Json::parse(out.text, nullptr, false);
  if (good && !out.json.is_discarded()) return out;
  Error error{.code = ErrorCode::kIo, .message = out.text};
  if (out.json.is_object()) {
    error.message = out.json.value("error", out.text);
    error.hint = out.json.value("hint", "");
  }
  return fail(std::move(error));
}

}  // namespace m3u_proxy::cli
