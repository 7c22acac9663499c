#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>

#include <m3u_proxy/api/accounts/setup_link.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/io/file_source.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::api {
namespace {

/// What an earlier start left; nullopt: nothing.
std::optional<std::string> read_token(const std::filesystem::path& file) {
  const auto source = io::open_file(file);
  if (!source) return std::nullopt;
  std::array<char, 256> buffer{};
  const auto got = (*source)->read(buffer);
  if (!got) return std::nullopt;
  const std::string_view text = trim({buffer.data(), *got});
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

/// Whether somebody can let others in. Who came by a proxy's word may be less than that.
bool has_administrator(const std::vector<store::User>& users) {
  return std::ranges::any_of(
      users, [](const store::User& user) { return user.role == "admin" && !user.disabled; });
}

/// Writes a file that only its owner can read.
Result<> write_token(const std::filesystem::path& file, std::string_view token) {
  const io::Descriptor out(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string line = std::string(token) + '\n';
  if (!out.valid()) return fail(system_error("cannot write " + file.string(), errno));
  return io::write_all(out.get(), line, "cannot write " + file.string());
}

}  // namespace

Result<> SetupLink::prepare(const std::optional<FirstAdmin>& admin, store::Time now) {
  const std::scoped_lock lock(mutex_);
  token_.reset();
  M3U_TRY(const auto users, store_.users().list());
  if (has_administrator(users)) {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    return {};
  }
  if (admin) {
    M3U_CHECK(make(admin->name, admin->password, now));
    return {};
  }
  token_ = read_token(file_);
  if (token_) return {};
  M3U_TRY(std::string token, store::make_token());
  M3U_CHECK(write_token(file_, token));
  token_ = std::move(token);
  return {};
}

std::optional<std::string> SetupLink::token() {
  const std::scoped_lock lock(mutex_);
  return token_;
}

Result<bool> SetupLink::needed() {
  M3U_TRY(const auto users, store_.users().list());
  if (!has_administrator(users)) return true;
  const std::scoped_lock lock(mutex_);
  spend();
  return false;
}

/// With mutex_ held: the link is not good again, whatever becomes of the administrators.
void SetupLink::spend() {
  if (!token_) return;
  token_.reset();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

Result<store::User> SetupLink::use(std::string_view token, std::string_view name,
                                   std::string_view password, store::Time now) {
  const std::scoped_lock lock(mutex_);
  const auto refused = [] {
    return fail(ErrorCode::kNotFound, "this link was used already, or is none",
                "log in, or look into setup.token in the data folder");
  };
  if (!token_) return refused();
  M3U_TRY(const bool equal, store::equal_secrets(token, *token_));
  M3U_TRY(const auto users, store_.users().list());
  if (!equal || has_administrator(users)) return refused();
  M3U_TRY(store::User user, make(name, password, now));
  spend();
  return user;
}

Result<store::User> SetupLink::make(std::string_view name, std::string_view password,
                                    store::Time now) {
  M3U_TRY(std::string hash, passwords_.hash(password));
  M3U_TRY(auto there, store_.users().find(name));
  if (there) {
    there->password_hash = std::move(hash);
    there->role = "admin";
    there->disabled = false;
    return store_.users().put(*there, now);
  }
  return store_.users().create(
      {.name = std::string(name), .password_hash = std::move(hash), .role = "admin"}, now);
}

}  // namespace m3u_proxy::api
