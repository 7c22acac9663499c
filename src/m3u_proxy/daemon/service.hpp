// Service: one process that keeps sources fresh and serves what is made of them: the composition
// of store, jobs, outputs and listeners, and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/jobs/workers.hpp>

namespace m3u_proxy::daemon {

struct ServiceOptions {
  std::filesystem::path data = "data";
  std::optional<std::filesystem::path> config{};  ///< watched while the service runs
  config::Environment environment{};
  config::ConfigFlags flags{};
  std::size_t threads = 1;  ///< of a generation
  std::string version{};
  std::filesystem::path plugin_compiler{};
  jobs::Clock clock = jobs::system_clock();
};

/// Starts when it is made and stops with stop() or its destructor.
class Service {
 public:
  /// Errors, each with its remedy: kConfig (the configuration; every mistake is in the log), kIo
  /// (the data folder, a port), kConflict (another process has the folder), kOverBudget,
  /// kUnavailable (the database).
  static Result<std::unique_ptr<Service>> start(ServiceOptions options);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Where it listens: "http://127.0.0.1:8080".
  [[nodiscard]] std::string address() const;
  struct Output {
    std::string proxy;
    std::string playlist;  ///< its address
    std::string guide;     ///< its address
  };
  /// The addresses to give to players. Errors: of the store.
  [[nodiscard]] Result<std::vector<Output>> outputs() const;
  /// Where the first administrator is made; nullopt: there is one.
  [[nodiscard]] std::optional<std::string> setup_link() const;
  /// Whether every proxy has had something to serve since the start; proxies that are added later
  /// change nothing.
  [[nodiscard]] bool ready() const;
  /// Lets answers under way go on for up to `within`; jobs are asked to stop and go on at the next
  /// start. What looks at no cancel token is waited for.
  void stop(std::chrono::milliseconds within);
  /// What stop() waits for, for people: jobs, or the part that is being stopped; "" before it.
  /// Thread-safe, until the destructor begins.
  [[nodiscard]] std::string waits_for() const;

 private:
  class Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace m3u_proxy::daemon
