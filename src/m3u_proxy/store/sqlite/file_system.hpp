// Which file systems a SQLite database in WAL mode can't be on.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store::sqlite {

/// The name of a network file system by its number in statfs(2); nullopt for any other.
std::optional<std::string_view> network_file_system(std::uint64_t type);

/// Errors: kConfig, when `folder` is on one: WAL needs memory that all users of the file share, so
/// there it would be damaged sooner or later. kIo, kNotFound.
Result<> check_file_system(const std::filesystem::path& folder);

}  // namespace m3u_proxy::store::sqlite
