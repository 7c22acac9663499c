#include <cerrno>
#include <string>

#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::io {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<> write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail(system_error(std::string(what), errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<std::size_t> read_some_at(int fd, std::uint64_t offset, std::span<char> buffer,
                                 std::string_view what) {
  while (true) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return fail(system_error(std::string(what), errno));
  }
}

}  // namespace m3u_proxy::io
