#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sys/vfs.h>

#include <m3u_proxy/store/sqlite/file_system.hpp>

namespace m3u_proxy::store::sqlite {

std::optional<std::string_view> network_file_system(std::uint64_t type) {
  // linux/magic.h, and the numbers that only their own sources have.
  static constexpr std::array<std::pair<std::uint64_t, std::string_view>, 8> kNetwork = {
      {{0x6969, "NFS"},
       {0x517B, "SMB"},
       {0xFF534D42, "CIFS"},
       {0xFE534D42, "SMB 2"},
       {0x00C36400, "Ceph"},
       {0x5346414F, "AFS"},
       {0x73757245, "Coda"},
       {0x01021997, "9P"}}};
  // Some machines give the number with its sign.
  const std::uint64_t number = type & 0xFFFFFFFFU;
  const auto* const found =
      std::ranges::find(kNetwork, number, &std::pair<std::uint64_t, std::string_view>::first);
  if (found == kNetwork.end()) return std::nullopt;
  return found->second;
}

Result<> check_file_system(const std::filesystem::path& folder) {
  struct statfs info{};
  if (::statfs(folder.c_str(), &info) != 0)
    return fail(system_error("cannot look at " + folder.string(), errno));
  const auto network = network_file_system(static_cast<std::uint64_t>(info.f_type));
  if (!network) return {};
  return fail(
      ErrorCode::kConfig,
      fmt::format("{} is on {}, where a SQLite database gets damaged", folder.string(), *network),
      "put the data folder on a local disk, or use PostgreSQL (database.url)");
}

}  // namespace m3u_proxy::store::sqlite
