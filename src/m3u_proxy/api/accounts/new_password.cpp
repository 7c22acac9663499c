#include <algorithm>

#include <fmt/format.h>

#include <m3u_proxy/api/accounts/new_password.hpp>
#include <m3u_proxy/store/passwords.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::ptrdiff_t kShortest = 8;

/// Of UTF-8: its bytes that begin one.
std::ptrdiff_t characters_of(std::string_view text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

}  // namespace

std::optional<std::string> new_password(Fields& fields, std::string_view member,
                                        Fields::Needed needed) {
  auto password = fields.text(member, needed, store::Passwords::kLongest);
  if (password && characters_of(*password) < kShortest)
    fields.wrong(member, "too_short",
                 fmt::format("a password has at least {} characters", kShortest));
  return password;
}

}  // namespace m3u_proxy::api
