#include <array>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/first_admin.hpp>
#include <m3u_proxy/io/file_source.hpp>

namespace m3u_proxy::daemon {
namespace {

std::string value_of(const config::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<std::string> read_password(const std::string& path) {
  M3U_TRY(const auto file, io::open_file(path));
  std::array<char, store::Passwords::kLongest> buffer{};
  M3U_TRY(const std::size_t got, file->read(buffer));
  return std::string(trim({buffer.data(), got}));
}

}  // namespace

Result<std::optional<api::FirstAdmin>> first_admin(const config::Environment& environment) {
  api::FirstAdmin admin;
  admin.password = value_of(environment, "M3U_PROXY_ADMIN_PASSWORD");
  const std::string file = value_of(environment, "M3U_PROXY_ADMIN_PASSWORD_FILE");
  if (admin.password.empty() && file.empty()) return std::nullopt;
  if (admin.password.empty()) {
    M3U_TRY(admin.password, read_password(file));
  }
  if (admin.password.empty())
    return fail(ErrorCode::kConfig, "there is no password in " + file, "write one line into it");
  if (const std::string name = value_of(environment, "M3U_PROXY_ADMIN_NAME"); !name.empty())
    admin.name = name;
  return admin;
}

}  // namespace m3u_proxy::daemon
