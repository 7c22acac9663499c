// What [http] means for the server: where it listens, and under which addresses it may be reached;
// and whom it may reach and what it may read itself.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include <m3u_proxy/config/load_configuration.hpp>
#include <m3u_proxy/http/forwarded.hpp>
#include <m3u_proxy/http/server.hpp>
#include <m3u_proxy/io/folder_guard.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::daemon {

/// "127.0.0.1:8080", "[::1]:8080", "8080". Error: kConfig.
Result<http::TcpEndpoint> endpoint_of(std::string_view listen);

/// With the name of this machine among the hosts. Errors: kConfig, kInvalidArgument.
Result<http::AddressPolicy> address_policy(const config::HttpConfig& config,
                                           std::string_view machine);

/// Whether passwords and tokens go through where others can listen in.
bool is_open_to_listeners(const config::HttpConfig& config, const http::TcpEndpoint& endpoint);
/// Says what passwords and tokens go through where others can listen in.
void warn_of_open_doors(const config::HttpConfig& config, const http::TcpEndpoint& endpoint);

/// Whom [service] lets sources connect to that people made through the API. Error:
/// kInvalidArgument.
Result<std::shared_ptr<const net::AddressGuard>> address_guard(const config::ServiceConfig& config);
/// Whether that holds for the object store of replicas too: its server's name is saved in the
/// database, where somebody may have written it through the API.
bool is_object_store_guarded(const config::LoadedConfiguration& loaded);
/// Where [service] lets these sources have files read, and the example that is in the data folder.
std::shared_ptr<const io::FolderGuard> folder_guard(const config::ServiceConfig& config,
                                                    const std::filesystem::path& data);

}  // namespace m3u_proxy::daemon
