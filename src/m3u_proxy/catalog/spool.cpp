#include <cstring>

#include <lz4.h>

#include <m3u_proxy/catalog/spool.hpp>

namespace m3u_proxy::catalog {
namespace {

constexpr std::size_t kStorageSlab = std::size_t{1} << 20U;
constexpr std::size_t kAlignment = 16;  // FlatBuffers reads scalars in place

constexpr std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::string_view to_string(SpoolKind kind) {
  return kind == SpoolKind::kMemory ? "standard" : "compressed";
}

Spool::Spool(memory::SlabPool& slabs, Options options)
    : slabs_(&slabs),
      options_(options),
      kind_(options.first),
      resource_(slabs.budget(), memory::Tag::kSpool),
      blocks_(&resource_),
      storage_(&resource_) {}

Spool::Packed Spool::pack(std::span<const std::uint8_t> frame,
                          std::pmr::vector<std::uint8_t>& scratch) const {
  const auto raw_size = static_cast<std::uint32_t>(frame.size());
  const Packed plain{.bytes = frame, .raw_size = raw_size, .compressed = false};
  if (kind() == SpoolKind::kMemory) return plain;
  const int bound = LZ4_compressBound(static_cast<int>(frame.size()));
  if (bound <= 0) return plain;  // beyond LZ4's 2 GB
  scratch.resize(static_cast<std::size_t>(bound));
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(frame.data()),
                                        reinterpret_cast<char*>(scratch.data()),
                                        static_cast<int>(frame.size()), bound);
  if (size <= 0) return plain;
  return {.bytes = std::span(scratch).first(static_cast<std::size_t>(size)),
          .raw_size = raw_size,
          .compressed = true};
}

Result<std::uint8_t*> Spool::place(std::size_t size) {
  if (storage_.empty() || storage_.back().size() - used_in_last_ < size) {
    M3U_TRY(memory::Slab slab, slabs_->acquire(memory::Tag::kSpool, std::max(size, kStorageSlab)));
    storage_.push_back(std::move(slab));
    used_in_last_ = 0;
  }
  auto* p = reinterpret_cast<std::uint8_t*>(storage_.back().data() + used_in_last_);
  used_in_last_ += aligned(size);
  return p;
}

Result<> Spool::append(const Packed& packed) {
  M3U_TRY(std::uint8_t* const place_for, place(packed.bytes.size()));
  std::memcpy(place_for, packed.bytes.data(), packed.bytes.size());
  blocks_.push_back({.data = place_for,
                     .size = static_cast<std::uint32_t>(packed.bytes.size()),
                     .raw_size = packed.compressed ? packed.raw_size : 0});
  stored_ += Bytes{packed.bytes.size()};
  if (stored_ > options_.compress_beyond) move_down(SpoolKind::kCompressed);
  return {};
}

Result<std::span<const std::uint8_t>> Spool::read(std::size_t index,
                                                  std::pmr::vector<std::uint8_t>& scratch) const {
  const Block& block = blocks_[index];
  if (block.raw_size == 0) return std::span(block.data, block.size);
  scratch.resize(block.raw_size);
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(block.data), reinterpret_cast<char*>(scratch.data()),
      static_cast<int>(block.size), static_cast<int>(block.raw_size));
  if (size != static_cast<int>(block.raw_size))
    return fail(ErrorCode::kInternal, "a spooled batch does not unpack to what it was");
  return std::span<const std::uint8_t>(scratch);
}

void Spool::clear() {
  std::pmr::vector<Block>(&resource_).swap(blocks_);
  std::pmr::vector<memory::Slab>(&resource_).swap(storage_);
  used_in_last_ = 0;
  stored_ = {};
}

void Spool::move_down(SpoolKind kind) {
  SpoolKind now = kind_.load(std::memory_order_relaxed);
  while (now < kind && !kind_.compare_exchange_weak(now, kind, std::memory_order_relaxed)) {
  }
}

}  // namespace m3u_proxy::catalog
