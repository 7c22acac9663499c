// The server of the other tests here (postgres_testing.hpp).
#include <array>
#include <csignal>
#include <cstdlib>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <m3u_proxy/store/open/postgres_testing.hpp>

namespace m3u_proxy::store::testing {
namespace {

constexpr int kTries = 2000;
constexpr int kPauseMs = 10;

std::filesystem::path find_programs() {
  std::error_code none;
  std::filesystem::path newest;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none))
    if (std::filesystem::exists(version.path() / "bin/initdb")) newest = version.path() / "bin";
  return newest;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  return address;
}

/// The server refuses to run as root.
std::string as_server_user() {
  return ::geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : "setpriv";
}

int run(const std::string& command) {
  return std::system(command.c_str());
}  // NOLINT(cert-env33-c)

}  // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : programs_(find_programs()) {
  if (programs_.empty()) {
    missing_ = "there is no PostgreSQL (package postgresql-15)";
    return;
  }
  std::string folder = "/tmp/m3u-proxy-postgres-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) std::abort();
  folder_ = folder;
  if (::geteuid() == 0 && run(fmt::format("chown postgres {}", folder)) != 0) std::abort();
  const std::string initdb = fmt::format(
      "cd {0} && {1} {2}/initdb -D {0}/data -A trust -U postgres -E UTF8 --locale=C.UTF-8"
      " --no-sync >{0}/initdb.log 2>&1",
      folder, as_server_user(), programs_.string());
  if (run(initdb) != 0) {
    missing_ = "initdb fails";
    return;
  }
  port_ = free_port();
  start();
}

PostgresServer::~PostgresServer() {
  if (server_ > 0) stop();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

pid_t PostgresServer::spawn(const std::string& command) const {
  const std::string whole = fmt::format("cd {0} && exec {1} --pdeathsig QUIT {2} >>{0}/log 2>&1",
                                        folder_.string(), as_server_user(), command);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", whole.c_str(), nullptr);
    ::_exit(1);
  }
  return child;
}

void PostgresServer::end(pid_t process, int signal) {
  ::kill(process, signal);
  ::waitpid(process, nullptr, 0);
}

int PostgresServer::free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    std::abort();
  ::close(probe);
  return ::ntohs(address.sin_port);
}

bool PostgresServer::answers(int port) {
  for (int i = 0; i < kTries; ++i) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(probe);
    if (connected) return true;
    ::poll(nullptr, 0, kPauseMs);
  }
  return false;
}

void PostgresServer::start() {
  server_ = spawn(fmt::format(
      "{}/postgres -D {}/data -p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
      " -c fsync=off -c max_connections=60",
      programs_.string(), folder_.string(), port_));
  if (!answers(port_)) missing_ = "the server does not start";
}

void PostgresServer::stop() {
  end(server_, SIGINT);
  server_ = -1;
}

std::string PostgresServer::url(const std::string& database, int port) const {
  return fmt::format("postgresql://postgres@127.0.0.1:{}/{}", port == 0 ? port_ : port, database);
}

std::string PostgresServer::make_database() {
  const std::string name = fmt::format("test{}", ++databases_);
  // Right after its start it may still be busy with itself.
  for (int i = 0; i < kTries; ++i) {
    if (run(fmt::format("{}/psql -q '{}' -c 'CREATE DATABASE {} TEMPLATE template0' >>{}/log 2>&1",
                        programs_.string(), url("postgres"), name, folder_.string())) == 0)
      return url(name);
    ::poll(nullptr, 0, kPauseMs);
  }
  ADD_FAILURE() << "cannot make a database";
  return url(name);
}

bool PostgresServer::load(const std::string& url, const std::filesystem::path& file) const {
  return run(fmt::format("{}/psql -X -q -v ON_ERROR_STOP=1 -f '{}' '{}' >>{}/log 2>&1",
                         programs_.string(), file.string(), url, folder_.string())) == 0;
}

}  // namespace m3u_proxy::store::testing
