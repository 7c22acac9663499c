// ProxyService::State: what a ProxyService holds. Internal to proxy_service.hpp.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include <m3u_proxy/runtime/process.hpp>
#include <m3u_proxy/runtime/run.hpp>
#include <m3u_proxy/service/proxy_service.hpp>

namespace m3u_proxy::service {

/// Nothing for "". Error: kIo.
Result<> make_folder(const std::filesystem::path& folder);

struct ProxyService::State {
  StorageConfig storage;
  config::Configuration configuration;
  ServiceOptions options;
  std::mutex mutex;                           // of everything here, and of a whole generation
  std::unique_ptr<runtime::Process> process;  // made when it is first needed, and so is
  std::unique_ptr<runtime::Run> run;

  /// Seconds since 1970.
  [[nodiscard]] std::int64_t now() const;
  /// Makes what is not there yet. Errors: as ProxyService::resolve().
  Result<> prepare();
};

}  // namespace m3u_proxy::service
