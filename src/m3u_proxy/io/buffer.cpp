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

Buffer::~Buffer() {
  if (data_ != nullptr) memory::unmap_pages(data_, size_);
}

}  // namespace m3u_proxy::io
