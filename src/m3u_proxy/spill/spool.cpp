#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include <lz4.h>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/spill_block.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr std::size_t kStorageSlab = std::size_t{1} << 20U;
constexpr std::size_t kAlignment = 16;  // FlatBuffers reads scalars in place
constexpr std::uint64_t kOnDisk = std::uint64_t{1} << 63U;
static_assert(spill::kSpillHeader % kAlignment == 0);

constexpr std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

/// Room in which a block of `size` bytes that is at the end unpacks to the front (lz4.h, "in-
/// place decompression").
constexpr std::size_t unpacking_room(std::size_t size, std::size_t raw_size) {
  constexpr std::size_t kMargin = 32;
  return std::max(raw_size + (size >> 8U) + kMargin, spill::kSpillHeader + size);
}

Result<std::span<const std::uint8_t>> unpack(std::span<const std::uint8_t> block,
                                             std::span<std::uint8_t> raw) {
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(block.data()), reinterpret_cast<char*>(raw.data()),
      static_cast<int>(block.size()), static_cast<int>(raw.size()));
  if (size != static_cast<int>(raw.size()))
    return fail(ErrorCode::kInternal, "a spooled batch does not unpack to what it was");
  return raw;
}

/// `raw_size` 0: stored plain.
Result<std::span<const std::uint8_t>> unpack_or_copy(std::span<const std::uint8_t> stored,
                                                     std::uint32_t raw_size,
                                                     std::span<std::uint8_t> scratch) {
  if (raw_size != 0) return unpack(stored, scratch.first(raw_size));
  std::ranges::copy(stored, scratch.begin());
  return scratch.first(stored.size());
}

std::span<const std::uint8_t> bytes_at(std::uint64_t address, std::size_t size) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address and a place in a file share 8 bytes
  return {reinterpret_cast<const std::uint8_t*>(address), size};
}

}  // namespace

Spool::Spool(memory::SlabPool& slabs, Options options)
    : slabs_(&slabs),
      options_(options),
      kind_(options.first),
      resource_(slabs.budget(), memory::Tag::kSpool),
      blocks_(&resource_),
      segments_(&resource_) {
  if (options_.space == nullptr) return;
  reclaimer_ = slabs.budget().add_reclaimer(memory::Budget::ReclaimOrder::kSpools,
                                            [this](Bytes wanted) { return reclaim(wanted); });
}

Spool::~Spool() {
  if (options_.space != nullptr) slabs_->budget().remove_reclaimer(reclaimer_);
}

Spool::Packed Spool::pack(std::span<const std::uint8_t> frame,
                          std::pmr::vector<std::uint8_t>& scratch) const {
  const auto raw_size = static_cast<std::uint32_t>(frame.size());
  const Packed plain{.bytes = frame, .raw_size = raw_size, .compressed = false};
  if (kind() == memory::StorageLevel::kMemory || frame.size() > LZ4_MAX_INPUT_SIZE) return plain;
  // What does not get smaller is not worth unpacking, so there is no need for more room.
  const auto room = memory::guarded([&]() -> Result<> {
    if (scratch.size() < frame.size()) scratch.resize(frame.size());
    return {};
  });
  if (!room) return plain;
  const int size = LZ4_compress_default(
      reinterpret_cast<const char*>(frame.data()), reinterpret_cast<char*>(scratch.data()),
      static_cast<int>(frame.size()), static_cast<int>(frame.size()) - 1);
  if (size <= 0) return plain;
  return {.bytes = std::span(scratch).first(static_cast<std::size_t>(size)),
          .raw_size = raw_size,
          .compressed = true};
}

Result<> Spool::append(const Packed& packed) {
  M3U_CHECK(memory::guarded([&] { return append_block(packed); }));
  if (stored() > options_.compress_beyond) move_down(memory::StorageLevel::kCompressed);
  return {};
}

Result<> Spool::append_block(const Packed& packed) {
  make_room(blocks_);
  while (true) {
    {
      const ExclusiveLock lock(mutex_);
      if (kind() == memory::StorageLevel::kSpill) return put_on_disk(packed);
      if (has_room(packed.bytes.size())) {
        put(packed);
        return {};
      }
    }
    if (const auto added = add_segment(packed.bytes.size()); !added) {
      if (options_.space == nullptr) return added;
      move_down(memory::StorageLevel::kSpill);
    }
  }
}

/// Gives `items` room for one more, without allocating under the lock.
template <typename T>
void Spool::make_room(std::pmr::vector<T>& items) {
  if (items.size() < items.capacity()) return;
  constexpr std::size_t kFirst = 16;
  std::pmr::vector<T> larger(&resource_);
  larger.reserve(std::max(kFirst, items.capacity() + items.capacity() / 2));
  const ExclusiveLock lock(mutex_);
  larger.insert(larger.end(), std::make_move_iterator(items.begin()),
                std::make_move_iterator(items.end()));
  larger.swap(items);
}

Result<> Spool::add_segment(std::size_t size) {
  make_room(segments_);
  auto slab = slabs_->acquire(memory::Tag::kSpool, std::max(size, kStorageSlab));
  if (!slab && size < kStorageSlab && kind() != memory::StorageLevel::kSpill)
    slab = slabs_->acquire(memory::Tag::kSpool, size);
  if (!slab) return fail(std::move(slab).error());
  const ExclusiveLock lock(mutex_);
  // To get the slab, the Budget may have asked this spool for memory.
  if (kind() == memory::StorageLevel::kSpill) return {};
  segments_.push_back(
      {.slab = *std::move(slab), .first_block = blocks_.size(), .used = 0, .lent = 0});
  return {};
}

bool Spool::has_room(std::size_t size) const {
  if (segments_.empty() || !segments_.back().slab) return false;
  return segments_.back().slab.size() - segments_.back().used >= size;
}

void Spool::put(const Packed& packed) {
  Segment& segment = segments_.back();
  char* const to = segment.slab.data() + segment.used;
  std::memcpy(to, packed.bytes.data(), packed.bytes.size());
  segment.used = std::min(segment.used + aligned(packed.bytes.size()), segment.slab.size());
  blocks_.push_back({.place = reinterpret_cast<std::uint64_t>(to),
                     .size = static_cast<std::uint32_t>(packed.bytes.size()),
                     .raw_size = packed.compressed ? packed.raw_size : 0});
  stored_ += packed.bytes.size();
}

Result<> Spool::put_on_disk(const Packed& packed) {
  M3U_TRY(const std::uint64_t place, write_block(packed.bytes, packed.compressed));
  blocks_.push_back({.place = place,
                     .size = static_cast<std::uint32_t>(packed.bytes.size()),
                     .raw_size = packed.compressed ? packed.raw_size : 0});
  stored_ += packed.bytes.size();
  return {};
}

Result<std::uint64_t> Spool::write_block(std::span<const std::uint8_t> bytes, bool compressed) {
  if (!file_) {
    M3U_TRY(file_, options_.space->create_file());
  }
  M3U_TRY(const std::uint64_t offset,
          spill::append_spill_block(
              *file_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, compressed));
  on_disk_ += bytes.size();
  return offset | kOnDisk;
}

/// Writes segments to disk, the oldest first, until `wanted` bytes of memory are free.
Result<Bytes> Spool::write_out(Bytes wanted) {
  Bytes freed{};
  for (std::size_t i = 0; i < segments_.size() && freed < wanted; ++i) {
    Segment& segment = segments_[i];
    if (!segment.slab || segment.lent != 0) continue;
    const std::size_t end =
        i + 1 == segments_.size() ? blocks_.size() : segments_[i + 1].first_block;
    M3U_CHECK(write_segment(segment, end));
    freed += Bytes{segment.slab.size()};
    segment.slab = {};
  }
  slabs_->trim(freed);  // or the pool would keep them
  return freed;
}

Result<> Spool::write_segment(Segment& segment, std::size_t end) {
  for (std::size_t i = segment.first_block; i < end; ++i) {
    Block& block = blocks_[i];
    if ((block.place & kOnDisk) != 0) continue;
    M3U_TRY(block.place, write_block(bytes_at(block.place, block.size), block.raw_size != 0));
  }
  return {};
}

Bytes Spool::reclaim(Bytes wanted) {
  const ExclusiveLock lock(mutex_);
  if (std::ranges::none_of(segments_, [](const Segment& s) { return s.slab && s.lent == 0; }))
    return {};
  kind_.store(memory::StorageLevel::kSpill, std::memory_order_relaxed);
  const auto freed = write_out(wanted);
  if (freed) return *freed;
  log::warn("memory", "spooled data cannot leave memory: {}", to_string(freed.error()));
  return {};
}

Result<std::span<const std::uint8_t>> Spool::read(std::size_t index,
                                                  std::pmr::vector<std::uint8_t>& scratch) const {
  return memory::guarded([&]() -> Result<std::span<const std::uint8_t>> {
    while (true) {
      std::shared_lock lock(mutex_);
      const Block block = blocks_[index];
      if ((block.place & kOnDisk) != 0) {
        lock.unlock();  // there it stays
        return read_from_disk(block, scratch);
      }
      const auto stored = bytes_at(block.place, block.size);
      if (block.raw_size == 0 && kind() == memory::StorageLevel::kMemory) {
        lend(index);
        return stored;
      }
      const std::size_t room = std::max(block.raw_size, block.size);
      if (scratch.size() >= room) return unpack_or_copy(stored, block.raw_size, scratch);
      lock.unlock();  // the Budget may ask this spool for the memory
      scratch.resize(room);
    }
  });
}

Result<std::span<const std::uint8_t>> Spool::read_from_disk(
    const Block& block, std::pmr::vector<std::uint8_t>& scratch) const {
  const std::size_t whole = spill::kSpillHeader + block.size;
  const std::size_t room = block.raw_size == 0 ? whole : unpacking_room(block.size, block.raw_size);
  if (scratch.size() < room) scratch.resize(room);
  const std::span<std::uint8_t> there(scratch.data(), room);
  const std::span<std::uint8_t> read = there.last(whole);
  M3U_CHECK(spill::read_spill_block(*file_, block.place & ~kOnDisk,
                                    {reinterpret_cast<char*>(read.data()), read.size()}));
  const std::span<std::uint8_t> bytes = read.subspan(spill::kSpillHeader);
  if (block.raw_size == 0) return bytes;
  return unpack(bytes, there.first(block.raw_size));
}

/// Nothing tells when a frame in place is no longer looked at, so its segment stays.
void Spool::lend(std::size_t index) const {
  const auto after = std::ranges::upper_bound(segments_, index, {}, &Segment::first_block);
  std::atomic_ref(std::prev(after)->lent).store(1, std::memory_order_relaxed);
}

void Spool::clear() {
  const ExclusiveLock lock(mutex_);
  std::pmr::vector<Block>(&resource_).swap(blocks_);
  std::pmr::vector<Segment>(&resource_).swap(segments_);
  file_.reset();
  stored_ = 0;
  on_disk_ = 0;
}

std::size_t Spool::basic_cleanup() { return shrink(blocks_) + shrink(segments_); }

std::size_t Spool::aggressive_cleanup() {
  const auto in_memory = [this] {
    const std::shared_lock lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(blocks_, [](const Block& b) { return (b.place & kOnDisk) == 0; }));
  };
  std::size_t written = 0;
  // A disk that is not there is no reason to fail, nor to warn, as long as there is memory.
  if (options_.space != nullptr && options_.space->folder()) {
    const std::size_t before = in_memory();
    move_down(memory::StorageLevel::kSpill);
    written = before - in_memory();
  }
  return written + basic_cleanup();
}

/// Gives up room that `items` do not need, without allocating under the lock; where that is refused
/// they stay as they are.
template <typename T>
std::size_t Spool::shrink(std::pmr::vector<T>& items) {
  const std::size_t room = items.capacity();
  if (room == items.size()) return 0;
  std::pmr::vector<T> smaller(&resource_);
  const auto reserved = memory::guarded([&]() -> Result<> {
    smaller.reserve(items.size());
    return {};
  });
  if (!reserved) return 0;
  const ExclusiveLock lock(mutex_);
  smaller.insert(smaller.end(), std::make_move_iterator(items.begin()),
                 std::make_move_iterator(items.end()));
  smaller.swap(items);
  return room - items.capacity();
}

memory::MemoryUsage Spool::memory_usage() const {
  const std::shared_lock lock(mutex_);
  memory::MemoryUsage usage{
      .held = Bytes{blocks_.capacity() * sizeof(Block) + segments_.capacity() * sizeof(Segment)},
      .unused = Bytes{(blocks_.capacity() - blocks_.size()) * sizeof(Block) +
                      (segments_.capacity() - segments_.size()) * sizeof(Segment)}};
  for (const Segment& segment : segments_) usage.held += Bytes{segment.slab.size()};
  return usage;
}

void Spool::move_down(memory::StorageLevel kind) {
  if (kind == memory::StorageLevel::kSpill && options_.space == nullptr)
    kind = memory::StorageLevel::kCompressed;
  memory::StorageLevel now = kind_.load(std::memory_order_relaxed);
  while (now < kind && !kind_.compare_exchange_weak(now, kind, std::memory_order_relaxed)) {
  }
  if (kind != memory::StorageLevel::kSpill) return;
  const ExclusiveLock lock(mutex_);
  // Where that fails, so does the next append, which can say so.
  if (const auto freed = write_out(memory::Budget::kUnlimited); !freed)
    log::warn("memory", "spooled data cannot leave memory: {}", to_string(freed.error()));
}

}  // namespace m3u_proxy::spill
