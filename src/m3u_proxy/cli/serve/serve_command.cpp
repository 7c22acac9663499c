#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/base/log_format.hpp>
#include <m3u_proxy/cli/commands.hpp>
#include <m3u_proxy/cli/own_program.hpp>
#include <m3u_proxy/cli/print.hpp>
#include <m3u_proxy/cli/serve/stop_signals.hpp>
#include <m3u_proxy/cli/version.hpp>
#include <m3u_proxy/daemon/service.hpp>

namespace m3u_proxy::cli {
namespace {

constexpr std::chrono::seconds kFirstGeneration{60};
constexpr std::chrono::milliseconds kBetweenLooks{20};
constexpr std::chrono::seconds kLeaving{3};

void print_addresses(const daemon::Service& service) {
  const auto outputs = service.outputs();
  if (!outputs) return;
  print("m3u-proxy {} serves at {}\n", kVersion, service.address());
  if (const auto link = service.setup_link())
    print("\nNobody can log in yet. Make yourself the administrator (the link works once):\n  {}\n",
          *link);
  for (const daemon::Service::Output& output : *outputs)
    print("\n{}\n  playlist  {}\n  guide     {}\n", output.proxy, output.playlist, output.guide);
  print(
      "\nPaste the two addresses into VLC, Kodi or another player. What it does: m3u-proxy ctl "
      "status\n");
  (void)std::fflush(stdout);
}

/// Waits for the first generations, though not for ever. Whether it goes on: nobody has asked it to
/// stop meanwhile.
bool wait_until_ready(const daemon::Service& service, StopSignals& signals) {
  const auto end = std::chrono::steady_clock::now() + kFirstGeneration;
  while (!service.ready() && std::chrono::steady_clock::now() < end)
    if (signals.wait_for(kBetweenLooks)) return false;
  return true;
}

/// Each kept generation has its files open and each client its socket: as many as the system
/// allows. What cannot be raised stays as it is.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

ExitCode run_serve(const ServeOptions& options, const config::Environment& environment) {
  StopSignals signals;
  if (const auto set = set_log_level(options.log_level, environment, "info"); !set)
    return report_error(set.error());
  std::optional<log::Format> format;
  if (options.log_format) format = log::parse_format(*options.log_format);
  if (format) log::set_format(*format);
  raise_descriptor_limit();
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  daemon::ServiceOptions service_options{
      .data = options.data,
      .config = {},
      .environment = environment,
      .flags = options.flags,
      .threads = options.threads != 0 ? options.threads : processors,
      .version = std::string(kVersion),
      .plugin_compiler = own_program()};
  if (options.config) service_options.config = *options.config;
  config::ConfigFlags& flags = service_options.flags;
  flags.listen = options.listen;
  flags.public_url = options.public_url;
  flags.log_level = options.log_level;
  if (format) flags.json_log = *format == log::Format::kJson;
  auto service = daemon::Service::start(std::move(service_options));
  if (!service) return report_error(service.error());
  signals.ask([&service] { return (*service)->waits_for(); });
  if (wait_until_ready(**service, signals)) print_addresses(**service);
  signals.wait();
  log::info("service", "stopping");
  (*service)->stop(kLeaving);
  signals.ask({});
  return ExitCode::kPublished;
}

}  // namespace m3u_proxy::cli
