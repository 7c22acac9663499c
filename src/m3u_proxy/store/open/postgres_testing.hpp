// A PostgreSQL server for the tests of one program: made in a temporary folder, on a free port of
// the loopback, gone at the end.
#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace m3u_proxy::store::testing {

class PostgresServer {
 public:
  /// The one of this program; started when it is first asked for.
  static PostgresServer& instance();

  /// Why there is none; empty when it runs.
  [[nodiscard]] const std::string& missing() const { return missing_; }
  /// A new database of its own; its address.
  std::string make_database();
  /// Gives a file to psql, and whether it took all of it.
  [[nodiscard]] bool load(const std::string& url, const std::filesystem::path& file) const;
  [[nodiscard]] std::string url(const std::string& database, int port = 0) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  [[nodiscard]] int port() const { return port_; }

  void start();
  /// Ends all sessions at once, as a restart does.
  void stop();

  /// Starts `command` as the server's user; it dies with this process.
  pid_t spawn(const std::string& command) const;
  static void end(pid_t process, int signal);
  static int free_port();
  /// Whether something answers there within 20 seconds.
  static bool answers(int port);

 private:
  PostgresServer();
  ~PostgresServer();

  std::filesystem::path folder_;
  std::filesystem::path programs_;
  std::string missing_;
  int port_ = 0;
  int databases_ = 0;
  pid_t server_ = -1;
};

}  // namespace m3u_proxy::store::testing
