#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/daemon/given_secret_key.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/store/base64url.hpp>
#include <m3u_proxy/store/secret_key.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::string_view kVariable = "M3U_PROXY_SECRET_KEY_FILE";
constexpr std::string_view kKept = "secret.key";
constexpr std::string_view kHead = "m3u-proxy-key-1 ";
constexpr std::size_t kLargestFile = 256;
constexpr mode_t kOwnerOnly = 0600;

Result<std::string> read_line(const std::filesystem::path& path) {
  M3U_TRY(const auto file, io::open_file(path));
  std::array<char, kLargestFile> buffer{};
  M3U_TRY(const std::size_t got, file->read(buffer));
  return std::string(trim({buffer.data(), got}));
}

/// What is no key would be refused at every start once it is in the data folder.
Result<> check_key(std::string_view key, std::string_view path) {
  if (key.starts_with(kHead)) {
    const auto bytes = store::from_base64url(key.substr(kHead.size()));
    if (bytes && bytes->size() == store::SecretKey::kSize) return {};
    if (!bytes && bytes.error().code != ErrorCode::kParse) return fail(bytes.error());
  }
  return fail(ErrorCode::kConfig,
              fmt::format("{}, which {} names, is not a secret key of m3u-proxy", path, kVariable),
              "copy secret.key of a data folder; only for a new database make one: printf "
              "'m3u-proxy-key-1 %s\\n' \"$(openssl rand -base64 32 | tr +/ -_ | tr -d =)\"");
}

/// Whole or not at all: half a key would be refused at every start.
Result<> write_kept(const std::filesystem::path& path, const std::string& key) {
  const std::string what = "cannot copy the secret key to " + path.string();
  const std::filesystem::path temporary = path.parent_path() / ".secret-given.tmp";
  {
    const io::Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
    if (!file.valid()) return fail(system_error(what, errno));
    M3U_CHECK(io::write_all(file.get(), key + "\n", what));
    if (::fsync(file.get()) != 0) return fail(system_error(what, errno));
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(system_error(what, errno));
  return {};
}

}  // namespace

Result<> take_given_secret_key(const config::Environment& environment,
                               const std::filesystem::path& folder) {
  const auto given = environment.find(std::string(kVariable));
  if (given == environment.end() || given->second.empty()) return {};
  M3U_TRY(const std::string key, read_line(given->second));
  M3U_CHECK(check_key(key, given->second));
  const std::filesystem::path path = folder / kKept;
  const auto kept = read_line(path);
  if (!kept && kept.error().code == ErrorCode::kNotFound) return write_kept(path, key);
  M3U_CHECK(kept);
  if (*kept == key) return {};
  return fail(
      ErrorCode::kConfig,
      fmt::format("{} is another key than {} names, {}", path.string(), kVariable, given->second),
      "what is sealed in the database opens with one of them: take the other away");
}

}  // namespace m3u_proxy::daemon
