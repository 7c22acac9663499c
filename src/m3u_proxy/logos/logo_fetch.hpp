// Fetching a logo: one try, with bounds on its size and its time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::logos {

/// Fetches what is at an address, at most kLargestLogo bytes of it. Errors: kNotFound; kNetwork
/// when its host fails; kCancelled; kIo when it is larger, too.
using FetchLogo = std::function<Result<std::string>(const std::string& url, const CancelToken&)>;

/// Whom a fetch may connect to, asked before each; nullptr: anybody. Thread-safe.
using LogoGuard = std::function<std::shared_ptr<const net::AddressGuard>()>;

/// Does so by HTTP. Downloads wait in `folder`. Thread-safe.
FetchLogo fetch_by_http(std::filesystem::path folder, LogoGuard guard);

}  // namespace m3u_proxy::logos
