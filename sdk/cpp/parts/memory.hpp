// The module's memory: what m3u_alloc and m3u_free are, and operator new where there is no library.
#pragma once

#include "host.hpp"

namespace m3u {

namespace detail {

[[noreturn]] inline void out_of_memory() {
  host::log(LogLevel::kError, "the plugin is out of memory");
  __builtin_trap();
}

#ifdef M3U_FREESTANDING

extern "C" unsigned char __heap_base;  // from the linker: the first byte behind data and stack

/// A general allocator for one linear memory: blocks with their size in front, free neighbours
/// joined, free blocks in lists by power of two. What was freed is used again before the memory
/// grows.
class Heap {
 public:
  void* allocate(size_t size) {
    if (size > kMaxSize) return nullptr;
    const uint32_t rounded = (static_cast<uint32_t>(size) + 2 * kUnit - 1) / kUnit * kUnit;
    const uint32_t needed = rounded < 2 * kUnit ? 2 * kUnit : rounded;
    Block* block = take_free(needed);
    if (block == nullptr) block = grow(needed) ? take_free(needed) : nullptr;
    if (block == nullptr) return nullptr;
    split(block, needed);
    block->used = 1;
    return block + 1;
  }

  void deallocate(void* p) {
    if (p == nullptr) return;
    Block* block = static_cast<Block*>(p) - 1;
    block->used = 0;
    Block* const next = behind(block);
    if (next->used == 0) {
      remove(next);
      block->size += next->size;
    }
    if (block->before != 0) {
      Block* const previous = at(block, -static_cast<int64_t>(block->before));
      if (previous->used == 0) {
        remove(previous);
        previous->size += block->size;
        block = previous;
      }
    }
    insert(block);
  }

 private:
  static constexpr uint32_t kUnit = 16;
  static constexpr uint32_t kPage = 65536;
  static constexpr uint32_t kMostMore = 16;  // pages
  static constexpr size_t kMaxSize = 0x7fff0000;

  struct Block {      // 16 bytes in front of what the user gets
    uint32_t size;    // with this header
    uint32_t before;  // size of the block in front, 0: there is none
    uint32_t used;
    uint32_t unused;
  };
  struct Links {  // inside a free block
    Block* previous;
    Block* next;
  };
  static Links* links(Block* block) { return reinterpret_cast<Links*>(block + 1); }
  static Block* at(Block* block, int64_t distance) {
    return reinterpret_cast<Block*>(reinterpret_cast<uint8_t*>(block) + distance);
  }
  static Block* behind(Block* block) { return at(block, block->size); }
  static uint32_t bin_of(uint32_t size) { return 31U - static_cast<uint32_t>(__builtin_clz(size)); }

  void insert(Block* block) {
    behind(block)->before = block->size;
    Block*& first = bins_[bin_of(block->size)];
    *links(block) = {nullptr, first};
    if (first != nullptr) links(first)->previous = block;
    first = block;
    filled_ |= 1U << bin_of(block->size);
  }

  void remove(Block* block) {
    const Links own = *links(block);
    if (own.next != nullptr) links(own.next)->previous = own.previous;
    if (own.previous != nullptr) {
      links(own.previous)->next = own.next;
      return;
    }
    const uint32_t bin = bin_of(block->size);
    bins_[bin] = own.next;
    if (own.next == nullptr) filled_ &= ~(1U << bin);
  }

  Block* take_free(uint32_t size) {
    const uint32_t bin = bin_of(size);
    for (Block* block = bins_[bin]; block != nullptr; block = links(block)->next) {
      if (block->size < size) continue;
      remove(block);
      return block;
    }
    const uint32_t larger = bin == 31 ? 0 : filled_ & (~0U << (bin + 1));
    if (larger == 0) return nullptr;
    Block* const block = bins_[__builtin_ctz(larger)];
    remove(block);
    return block;
  }

  /// Gives back what `block` has beyond `size`.
  void split(Block* block, uint32_t size) {
    const uint32_t rest = block->size - size;
    if (rest < 2 * kUnit) return;
    block->size = size;
    Block* const tail = behind(block);
    *tail = {rest, size, 0, 0};
    insert(tail);
  }

  /// Adds memory that ends in a block which is always used.
  bool grow(uint32_t needed) {
    if (end_ == nullptr) {
      const auto base = reinterpret_cast<uintptr_t>(&__heap_base);
      const uintptr_t begin = (base + kUnit - 1) / kUnit * kUnit;
      const uintptr_t end = __builtin_wasm_memory_size(0) * kPage;
      if (end >= begin + needed + kUnit) return add(begin, end);
    }
    const uint32_t there = end_ == nullptr ? 0 : free_at_the_end();
    const uint32_t pages = (needed - there + 2 * kUnit + kPage - 1) / kPage;
    // A little more than needed, where there is as much: growing takes time.
    const auto present = static_cast<uint32_t>(__builtin_wasm_memory_size(0));
    const uint32_t more = present / 8 < kMostMore ? present / 8 : kMostMore;
    return grow_by(pages + more) || (more != 0 && grow_by(pages));
  }

  bool grow_by(uint32_t pages) {
    const size_t old = __builtin_wasm_memory_grow(0, pages);
    return old != SIZE_MAX && add(old * kPage, (old + pages) * kPage);
  }

  /// Too small for what is asked for now, else it would have been taken.
  uint32_t free_at_the_end() {
    if (end_->before == 0) return 0;
    const Block* const last = at(end_, -static_cast<int64_t>(end_->before));
    return last->used == 0 ? last->size : 0;
  }

  bool add(uintptr_t begin, uintptr_t end) {
    Block* block = reinterpret_cast<Block*>(begin);
    if (end_ != nullptr && begin == reinterpret_cast<uintptr_t>(end_ + 1)) {
      block = end_;  // its `before` is right already
      block->size = static_cast<uint32_t>(end - begin);
    } else {
      *block = {static_cast<uint32_t>(end - begin) - kUnit, 0, 0, 0};
    }
    end_ = behind(block);
    *end_ = {kUnit, block->size, 1, 0};
    block->used = 1;
    deallocate(block + 1);
    return true;
  }

  Block* bins_[32] = {};
  uint32_t filled_ = 0;
  Block* end_ = nullptr;
};

inline constinit Heap heap;

/// A block at a multiple of 16, or null.
inline void* allocate(size_t size) { return heap.allocate(size); }
inline void deallocate(void* p) { heap.deallocate(p); }

#else

inline void* allocate(size_t size) {
  return aligned_alloc(16, size == 0 ? 16 : (size + 15) & ~size_t{15});
}
inline void deallocate(void* p) { free(p); }

#endif

inline void* allocate_or_trap(size_t size) {
  void* const p = allocate(size);
  if (p == nullptr) out_of_memory();
  return p;
}

}  // namespace detail

/// Copies a text that is short most of the time: without a call up to 64 bytes, never reading or
/// writing beyond it.
inline void copy_short(char* to, const char* from, size_t size) {
  if (size >= 16) {
    if (size > 64) {
      __builtin_memcpy(to, from, size);
      return;
    }
    for (size_t i = 0; i + 16 < size; i += 16) __builtin_memcpy(to + i, from + i, 16);
    __builtin_memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    __builtin_memcpy(to, from, 8);
    __builtin_memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    __builtin_memcpy(to, from, 4);
    __builtin_memcpy(to + size - 4, from + size - 4, 4);
  } else if (size != 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
}

}  // namespace m3u
