// Provisioning: what a configuration file says comes into the store, and an empty store gets the
// example, so that there is something to see.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::daemon {

/// A configuration with the document that it came from.
struct LoadedDocument : config::LoadedConfiguration {
  std::optional<config::ConfigDocument> document{};
};

/// Reads and checks the file (if any), the environment, the flags and what is saved; nullptr: there
/// is nothing. What is saved and does not fit the others is left out. Error: kConfig with the first
/// mistake; each one is in the log.
Result<LoadedDocument> load_document(const std::optional<std::filesystem::path>& file,
                                     const config::Environment& environment,
                                     const config::ConfigFlags& flags,
                                     const ConfigNode* saved = nullptr);
/// The flags, with the service's own address in place of those that proxies may name.
config::ConfigFlags with_own_address(config::ConfigFlags flags);

/// Makes what the file manages exactly what it says, and says so in the log and in the audit log.
/// Errors: as jobs::take_over_file().
Result<store::TakeOver> take_over(store::Store& store, const LoadedDocument& loaded,
                                  store::Time now);

/// What a file managed that is not named any more may be changed by people. Errors: of the store.
Result<> release_file(store::Store& store);

/// Writes the example's files into `folder`, and puts its entities into a store that has none.
/// Whether it did. Errors: kIo, kDiskFull, and those of the store.
Result<bool> provision_example(store::Store& store, const std::filesystem::path& folder,
                               store::Time now);

}  // namespace m3u_proxy::daemon
