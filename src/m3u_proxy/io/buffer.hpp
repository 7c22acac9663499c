// Buffer: a mapped block charged to the Budget, for I/O and for decoders' states.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::io {

/// Zeroed pages, given back with the destructor. Movable, not thread-safe.
class Buffer {
 public:
  Buffer() = default;
  /// At least `size` bytes. Error: kOverBudget.
  static Result<Buffer> allocate(memory::Budget& budget, memory::Tag tag, std::size_t size);
  /// As large as the reservation, which is whole pages. Error: kOverBudget.
  static Result<Buffer> allocate(memory::Reservation reservation);
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  /// Grows by the reservation, which is whole pages; the content stays, the address may not.
  /// Error: kOverBudget: nothing changes.
  Result<> grow(memory::Reservation more);
  /// Shrinks to `size` bytes, rounded up to pages, and gives the reservation of what was freed.
  memory::Reservation shrink(std::size_t size) noexcept;

  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<char> bytes() const { return {data_, size_}; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(reservation_, other.reservation_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  memory::Reservation reservation_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace m3u_proxy::io
