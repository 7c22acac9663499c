// bench_http FOLDER [THREADS]: serves the files of a folder, and /small, as the service does;
// prints its port and runs until its standard input ends. Measured by bench/http_server.py.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <m3u_proxy/base/json_writer.hpp>
#include <m3u_proxy/http/server.hpp>

namespace {

using namespace m3u_proxy;

struct PublishedFile {
  std::shared_ptr<const io::Descriptor> file;
  std::uint64_t size = 0;
};

std::map<std::string, PublishedFile, std::less<>> open_all(const std::filesystem::path& folder) {
  std::map<std::string, PublishedFile, std::less<>> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    auto file =
        std::make_shared<const io::Descriptor>(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    files[entry.path().filename()] = {.file = std::move(file), .size = entry.file_size()};
  }
  return files;
}

http::Response small(http::Request& /*request*/) {
  std::string body;
  JsonWriter(body).begin_object().member("status", "ok").member("channels", 39161).end_object();
  return http::text_response(200, std::move(body), "application/json");
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return EXIT_FAILURE;
  const auto files = open_all(arguments[1]);
  http::Router router;
  const auto file = [&](http::Request& request) {
    const auto found = files.find(request.parameter("name"));
    if (found == files.end()) return http::text_response(404, "no such file\n");
    auto body = std::make_unique<http::PieceList>();
    body->add(found->second.file, 0, found->second.size);
    return http::representation_response(request,
                                         {.validators = {.etag = "\"1\"", .last_modified = 0},
                                          .type = "application/octet-stream",
                                          .fields = {},
                                          .body = std::move(body)});
  };
  if (!router.add(http::Method::kGet, "/small", small) ||
      !router.add(http::Method::kGet, "/files/{name}", file))
    return EXIT_FAILURE;
  memory::Budget budget(mib(64));
  http::ServerOptions options;
  options.listeners.push_back(
      {.endpoint = http::TcpEndpoint{.host = "127.0.0.1"}, .router = &router});
  options.threads = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1;
  options.limits.connections = 1024;
  const auto server = http::Server::start(std::move(options), budget);
  if (!server) {
    fmt::print(stderr, "{}\n", to_string(server.error()));
    return EXIT_FAILURE;
  }
  fmt::print("{}\n", (*server)->port());
  static_cast<void>(std::fflush(stdout));
  while (std::getchar() != EOF) {
  }
  return EXIT_SUCCESS;
}
