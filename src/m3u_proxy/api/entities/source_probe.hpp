// Source probe: what is behind an address, before it becomes a source: connects and reads all of
// it, and keeps nothing.
#pragma once

#include <memory>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/config/configuration.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/runtime/process.hpp>

namespace m3u_proxy::api {

struct ProbeRequest {
  config::SourceConfig source{};
  bool is_guide = false;
  std::int64_t now = 0;  ///< seconds since 1970
  std::shared_ptr<const net::AddressGuard> guard{};
  std::shared_ptr<const io::FolderGuard> folders{};
  const CancelToken* cancel = nullptr;
};
/// As JSON; an address that cannot be used is no error, but says why. Errors: kOverBudget,
/// kCancelled, kDiskFull.
Result<std::string> probe(runtime::Process& process, const ProbeRequest& request);

}  // namespace m3u_proxy::api
