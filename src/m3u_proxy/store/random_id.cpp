#include <cerrno>

#include <sys/random.h>

#include <m3u_proxy/store/random_id.hpp>

namespace m3u_proxy::store {

Result<Uuid> random_id() {
  Uuid id;
  // So few bytes come whole or not at all.
  if (::getrandom(id.bytes.data(), id.bytes.size(), 0) != static_cast<ssize_t>(id.bytes.size()))
    return fail(system_error("cannot make a random id", errno));
  constexpr std::uint8_t kVersion4 = 0x40;
  constexpr std::uint8_t kVariant = 0x80;
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | kVersion4);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | kVariant);
  return id;
}

}  // namespace m3u_proxy::store
