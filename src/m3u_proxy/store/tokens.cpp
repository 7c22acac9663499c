#include <array>

#include <m3u_proxy/store/base64url.hpp>
#include <m3u_proxy/store/sodium_library.hpp>
#include <m3u_proxy/store/tokens.hpp>

namespace m3u_proxy::store {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kHashBytes = 32;

}  // namespace

Result<std::string> make_token() {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::string bytes(kTokenBytes, '\0');
  sodium->randombytes_buf(bytes.data(), bytes.size());
  return to_base64url(bytes);
}

Result<std::string> hash_token(std::string_view token) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::array<unsigned char, kHashBytes> hash{};
  sodium->crypto_generichash(hash.data(), hash.size(),
                             reinterpret_cast<const unsigned char*>(token.data()), token.size(),
                             nullptr, 0);
  std::array<char, kHashBytes * 2 + 1> hex{};
  sodium->sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return std::string(hex.data(), hex.size() - 1);
}

Result<bool> equal_secrets(std::string_view a, std::string_view b) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  return a.size() == b.size() && sodium->sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string output_token_setting(const Uuid& proxy) { return "output_token/" + to_string(proxy); }

}  // namespace m3u_proxy::store
