#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/memory/pages.hpp>

namespace m3u_proxy::io {

Result<Buffer> Buffer::allocate(memory::Budget& budget, memory::Tag tag, std::size_t size) {
  const std::size_t rounded = memory::round_to_pages(size);
  Buffer buffer;
  M3U_TRY(buffer.reservation_, budget.reserve(tag, Bytes{rounded}));
  void* pages = memory::map_pages(rounded);
  if (pages == nullptr) return fail(budget.over_budget(tag, Bytes{rounded}));
  buffer.data_ = static_cast<char*>(pages);
  buffer.size_ = rounded;
  return buffer;
}

Result<Buffer> Buffer::allocate(memory::Reservation reservation) {
  Buffer buffer;
  M3U_CHECK(buffer.grow(std::move(reservation)));
  return buffer;
}

Result<> Buffer::grow(memory::Reservation more) {
  if (more.size() == Bytes{}) return {};
  const std::size_t size = size_ + more.size().count;
  void* pages =
      data_ == nullptr ? memory::map_pages(size) : memory::resize_pages(data_, size_, size);
  if (pages == nullptr)
    return fail(ErrorCode::kOverBudget, "the system has no memory left",
                "set --memory-limit below what the machine has free");
  data_ = static_cast<char*>(pages);
  size_ = size;
  reservation_.absorb(std::move(more));
  return {};
}

memory::Reservation Buffer::shrink(std::size_t size) noexcept {
  size = memory::round_to_pages(size);
  if (size >= size_) return {};
  const Bytes freed{size_ - size};
  memory::unmap_pages(data_ + size, freed.count);
  if (size == 0) data_ = nullptr;
  size_ = size;
  return reservation_.split(freed);
}

Buffer::~Buffer() {
  if (data_ != nullptr) memory::unmap_pages(data_, size_);
}

}  // namespace m3u_proxy::io
