#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/io/decoder_memory.hpp>

namespace m3u_proxy::io {
namespace {

/// Before each block: its size, since the libraries do not tell it when they free.
constexpr std::size_t kHeader = alignof(std::max_align_t);
static_assert(kHeader >= sizeof(std::size_t));

}  // namespace

void* DecoderMemory::allocate(std::size_t size) noexcept {
  if (size > SIZE_MAX - kHeader) return nullptr;
  const std::size_t whole = size + kHeader;
  try {
    auto* block = static_cast<char*>(resource_.allocate(whole, kHeader));
    std::memcpy(block, &whole, sizeof(whole));
    held_ += whole;
    return block + kHeader;
  } catch (...) {  // exceptions must not pass through C code
    refused_ = whole;
    return nullptr;
  }
}

void DecoderMemory::free(void* block) noexcept {
  if (block == nullptr) return;
  char* begin = static_cast<char*>(block) - kHeader;
  std::size_t whole = 0;
  std::memcpy(&whole, begin, sizeof(whole));
  held_ -= whole;
  resource_.deallocate(begin, whole, kHeader);
}

Error DecoderMemory::out_of_memory(std::string_view format) const {
  return needs(format, Bytes{held_ + refused_}, *budget_);
}

Error DecoderMemory::needs(std::string_view format, Bytes size, const memory::Budget& budget) {
  Error error = budget.over_budget(memory::Tag::kInput, size);
  error.message = fmt::format("decompressing this {} data needs {:.1f} MB: {}", format, size.mb(),
                              error.message);
  return error;
}

}  // namespace m3u_proxy::io
