// Descriptor: an open file descriptor that closes itself, and the whole-buffer operations on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::io {

/// Owns a descriptor; -1 is none. Movable, not thread-safe.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor old(std::exchange(fd_, other.release()));
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// Writes all of `bytes` at the descriptor's position. `what` begins the message of an error.
/// Error: kIo, with the remedy where the disk is full.
Result<> write_all(int fd, std::string_view bytes, std::string_view what);

/// pread(2) that goes on after a signal; may return fewer bytes than asked, 0 at the end.
Result<std::size_t> read_some_at(int fd, std::uint64_t offset, std::span<char> buffer,
                                 std::string_view what);

}  // namespace m3u_proxy::io
