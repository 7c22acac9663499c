#include <fmt/format.h>

#include <m3u_proxy/daemon/given_secret_key.hpp>
#include <m3u_proxy/store/secret_key.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::string_view kVariable = "M3U_PROXY_SECRET_KEY_FILE";

}  // namespace

Result<> take_given_secret_key(const config::Environment& environment,
                               const std::filesystem::path& folder) {
  const auto named = environment.find(std::string(kVariable));
  if (named == environment.end() || named->second.empty()) return {};
  const std::string& given = named->second;
  const auto adopted = store::SecretKey::adopt(folder, given);
  if (adopted) return {};
  const Error& error = adopted.error();
  if (error.code == ErrorCode::kConflict)
    return fail(ErrorCode::kConfig,
                fmt::format("the data folder's secret key is another key than {} names, {}",
                            kVariable, given),
                error.hint);
  if (error.code == ErrorCode::kParse && error.message.starts_with(given))
    return fail(
        ErrorCode::kConfig,
        fmt::format("{}, which {} names, is not a secret key of m3u-proxy", given, kVariable),
        "copy secret.key of a data folder; only for a new database make one: printf "
        "'m3u-proxy-key-1 %s\\n' \"$(openssl rand -base64 32 | tr +/ -_ | tr -d =)\"");
  return fail(error);
}

}  // namespace m3u_proxy::daemon
