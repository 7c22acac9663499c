// open_objects(): the store that `[service] snapshots` names.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <m3u_proxy/net/address_guard.hpp>
#include <m3u_proxy/objects/object_store.hpp>

namespace m3u_proxy::objects {

struct ObjectsOptions {
  std::string place;  ///< a folder, or "s3://bucket/prefix"
  // Of an S3-compatible store:
  std::string endpoint{};  ///< "https://host:port"; "" = Amazon's of the region
  std::string region{};
  std::string access_key{};
  std::string secret_key{};
  /// Whom it may connect to, asked for each request; empty, or nullptr from it: anybody.
  std::function<std::shared_ptr<const net::AddressGuard>()> guard{};
};

/// Errors, each with its remedy: kIo (the folder), kConfig (the address).
Result<std::unique_ptr<ObjectStore>> open_objects(const ObjectsOptions& options);

}  // namespace m3u_proxy::objects
