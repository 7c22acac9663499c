// m3u_plugin.hpp: all that a C++ plugin for m3u-proxy needs, in one header.
//
// Derive from m3u::WasmStreamingStage, answer the chunks of your stage, end with M3U_PLUGIN(Type);
// docs/plugins.md begins with an example. It needs no library: it compiles freestanding
// (--target=wasm32-unknown-unknown -nostdlib) and with wasi-libc and libc++ (--target=wasm32-wasi),
// C++20, without exceptions and RTTI. Compile one source file with it into one module.
//
// Rows are views into the frame that came in. What goes out is one block, made by one allocation:
// columns that did not change are copied as a whole, and a chunk in which nothing changed is given
// back as it came. A plugin has one thread, so nothing here is thread-safe. Where memory ends, the
// plugin logs that and traps; the host then goes on as the plugin's `on_failure` says.
//
// Only m3u:: outside of m3u::detail is for plugins.
//
// Made of sdk/cpp/parts by sdk/cpp/join.py: change the parts.
#pragma once

// Where a plugin is compiled: what there is without a standard library.

#include <stddef.h>
#include <stdint.h>

#if defined(__wasm__) && !defined(__wasi__)
#define M3U_FREESTANDING 1
#else
#include <stdlib.h>
#include <string.h>
#endif
#if defined(__wasm__) && defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#ifdef M3U_FREESTANDING
// -mbulk-memory makes instructions of the first three.
extern "C" {
__attribute__((weak)) void* memcpy(void* to, const void* from, size_t size) {
  return __builtin_memcpy(to, from, size);
}
__attribute__((weak)) void* memmove(void* to, const void* from, size_t size) {
  return __builtin_memmove(to, from, size);
}
__attribute__((weak)) void* memset(void* to, int value, size_t size) {
  return __builtin_memset(to, value, size);
}
__attribute__((weak)) int memcmp(const void* a, const void* b, size_t size) {
  const auto* const left = static_cast<const uint8_t*>(a);
  const auto* const right = static_cast<const uint8_t*>(b);
  for (size_t i = 0; i < size; ++i)
    if (left[i] != right[i]) return left[i] - right[i];
  return 0;
}
}
#endif

// Text: a view of UTF-8 text, and comparing ASCII letters without case.

namespace m3u {

/// A view of UTF-8 text, like std::string_view, which converts to it and from it.
class Text {
 public:
  constexpr Text() = default;
  constexpr Text(const char* data, size_t size) : data_(data), size_(size) {}
  template <size_t N>
  constexpr Text(const char (&literal)[N]) : data_(literal), size_(N - 1) {}
  /// From anything that has data() and size(): std::string, std::string_view, m3u::Buffer.
  template <typename S>
    requires requires(const S& s) { static_cast<const char*>(s.data()) + s.size(); }
  constexpr Text(const S& s) : data_(s.data()), size_(s.size()) {}
  /// To anything that is made of a pointer and a size.
  template <typename S>
    requires requires(const char* p, size_t n) {
      typename S::traits_type;
      S(p, n);
    }
  constexpr explicit operator S() const {
    return S(data_, size_);
  }

  [[nodiscard]] constexpr const char* data() const { return data_; }
  [[nodiscard]] constexpr size_t size() const { return size_; }
  [[nodiscard]] constexpr bool empty() const { return size_ == 0; }
  [[nodiscard]] constexpr const char* begin() const { return data_; }
  [[nodiscard]] constexpr const char* end() const { return data_ + size_; }
  constexpr char operator[](size_t i) const { return data_[i]; }
  /// From `first` on, at most `count` bytes; empty beyond the end.
  [[nodiscard]] constexpr Text substr(size_t first, size_t count = SIZE_MAX) const {
    if (first >= size_) return {data_ + size_, 0};
    return {data_ + first, count < size_ - first ? count : size_ - first};
  }
  [[nodiscard]] constexpr bool starts_with(Text start) const {
    return size_ >= start.size_ && substr(0, start.size_) == start;
  }
  /// Where `c` first appears, at or after `from`; SIZE_MAX when it does not.
  [[nodiscard]] constexpr size_t find(char c, size_t from = 0) const {
    for (size_t i = from; i < size_; ++i)
      if (data_[i] == c) return i;
    return SIZE_MAX;
  }
  friend constexpr bool operator==(Text a, Text b) {
    if (a.size_ != b.size_) return false;
    if (a.data_ == b.data_) return true;
    return a.size_ == 0 || __builtin_memcmp(a.data_, b.data_, a.size_) == 0;
  }

 private:
  const char* data_ = "";
  size_t size_ = 0;
};

constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_ascii_letter(char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
/// Equal when ASCII letters are compared without case.
constexpr bool equals_ascii_case(Text a, Text b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

}  // namespace m3u

// What a plugin may ask of the host: the imports of docs/plugin-abi.md.

namespace m3u {

enum class LogLevel : int32_t { kError, kWarn, kInfo, kDebug };
enum class PressureLevel : int32_t { kOptimal, kModerate, kHigh, kCritical, kEmergency };

/// What an import says when it did not do its work.
enum : int32_t {
  kDenied = -1,
  kQuotaUsedUp = -2,
  kDiskFull = -3,
  kIoFailed = -4,
  kBadArgument = -5,
  kMissing = -6,
};

namespace detail {

#ifdef __wasm__
#define M3U_IMPORT(name) __attribute__((import_module("m3u_proxy"), import_name(#name)))
extern "C" {
M3U_IMPORT(log) void m3u_host_log(int32_t level, const char* text, size_t size);
M3U_IMPORT(memory_usage) int64_t m3u_host_memory_usage();
M3U_IMPORT(memory_pressure) int32_t m3u_host_memory_pressure();
M3U_IMPORT(request_cleanup) int32_t m3u_host_request_cleanup();
M3U_IMPORT(temp_write)
int32_t m3u_host_temp_write(const char* name, size_t name_size, const void* data, size_t size);
M3U_IMPORT(temp_append)
int32_t m3u_host_temp_append(const char* name, size_t name_size, const void* data, size_t size);
M3U_IMPORT(temp_read)
int32_t m3u_host_temp_read(const char* name, size_t name_size, int64_t offset, void* data,
                           size_t size);
M3U_IMPORT(temp_delete) int32_t m3u_host_temp_delete(const char* name, size_t name_size);
M3U_IMPORT(record_metric) void m3u_host_record_metric(const char* name, size_t size, double value);
M3U_IMPORT(get_config)
int32_t m3u_host_get_config(const char* name, size_t name_size, void* data, size_t size);
}
#undef M3U_IMPORT
#else
// Compiled for this machine, as unit tests of a plugin are: there is no host, everything is denied.
inline void m3u_host_log(int32_t /*level*/, const char* /*text*/, size_t /*size*/) {}
inline int64_t m3u_host_memory_usage() { return kDenied; }
inline int32_t m3u_host_memory_pressure() { return kDenied; }
inline int32_t m3u_host_request_cleanup() { return kDenied; }
inline int32_t m3u_host_temp_write(const char* /*name*/, size_t /*name_size*/, const void* /*data*/,
                                   size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_append(const char* /*name*/, size_t /*name_size*/,
                                    const void* /*data*/, size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_read(const char* /*name*/, size_t /*name_size*/, int64_t /*offset*/,
                                  void* /*data*/, size_t /*size*/) {
  return kDenied;
}
inline int32_t m3u_host_temp_delete(const char* /*name*/, size_t /*name_size*/) { return kDenied; }
inline void m3u_host_record_metric(const char* /*name*/, size_t /*size*/, double /*value*/) {}
inline int32_t m3u_host_get_config(const char* /*name*/, size_t /*name_size*/, void* /*data*/,
                                   size_t /*size*/) {
  return kDenied;
}
#endif

}  // namespace detail

/// What a plugin may ask of the host. Each needs its permission, in the manifest and by the
/// operator; without it the answer is kDenied.
namespace host {

inline void log(LogLevel level, Text text) {
  detail::m3u_host_log(static_cast<int32_t>(level), text.data(), text.size());
}
/// Bytes that the whole process has in use.
inline int64_t memory_usage() { return detail::m3u_host_memory_usage(); }
/// The level as now; kOptimal where asking is not allowed.
inline PressureLevel memory_pressure() {
  const int32_t level = detail::m3u_host_memory_pressure();
  return level < 0 ? PressureLevel::kOptimal : static_cast<PressureLevel>(level);
}
/// Asks the host to free its caches and pools.
inline int32_t request_cleanup() { return detail::m3u_host_request_cleanup(); }
/// Makes or replaces a temporary file of this instance. 0 or an error.
inline int32_t temp_write(Text name, const void* data, size_t size) {
  return detail::m3u_host_temp_write(name.data(), name.size(), data, size);
}
/// Appends to a temporary file, makes it where it is missing. 0 or an error.
inline int32_t temp_append(Text name, const void* data, size_t size) {
  return detail::m3u_host_temp_append(name.data(), name.size(), data, size);
}
/// Reads up to `size` bytes at `offset`. The number of bytes, 0 at the end, or an error.
inline int32_t temp_read(Text name, int64_t offset, void* data, size_t size) {
  return detail::m3u_host_temp_read(name.data(), name.size(), offset, data, size);
}
inline int32_t temp_delete(Text name) {
  return detail::m3u_host_temp_delete(name.data(), name.size());
}
/// A number for the run's report.
inline void record_metric(Text name, double value) {
  detail::m3u_host_record_metric(name.data(), name.size(), value);
}
/// Copies a configuration value and returns its whole size, or an error. m3u::Config does the
/// same without a permission.
inline int32_t get_config(Text name, void* data, size_t size) {
  return detail::m3u_host_get_config(name.data(), name.size(), data, size);
}

}  // namespace host

}  // namespace m3u

// The module's memory: what m3u_alloc and m3u_free are, and operator new where there is no library.

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

// Array, Buffer and Arena: what there is in place of std::vector and std::string.

namespace m3u {

/// A growing array of plain values.
template <typename T>
class Array {
  static_assert(__is_trivially_copyable(T));

 public:
  Array() = default;
  Array(Array&& other) noexcept : items_(other.items_), size_(other.size_), room_(other.room_) {
    other.items_ = nullptr;
    other.size_ = other.room_ = 0;
  }
  Array& operator=(Array&& other) noexcept {
    if (this == &other) return *this;
    reset();
    items_ = other.items_, size_ = other.size_, room_ = other.room_;
    other.items_ = nullptr, other.size_ = other.room_ = 0;
    return *this;
  }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  ~Array() { detail::deallocate(items_); }

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T* data() { return items_; }
  [[nodiscard]] const T* data() const { return items_; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  T& operator[](size_t i) { return items_[i]; }
  const T& operator[](size_t i) const { return items_[i]; }
  T& back() { return items_[size_ - 1]; }

  void push_back(T value) {
    if (size_ == room_) grow(size_ + 1);
    items_[size_++] = value;
  }
  void append(const T* items, size_t count) {
    if (size_ + count > room_) grow(size_ + count);
    if (count != 0) __builtin_memcpy(static_cast<void*>(items_ + size_), items, count * sizeof(T));
    size_ += count;
  }
  /// Makes room for `count` items in all.
  void reserve(size_t count) {
    if (count <= room_) return;
    auto* const larger = static_cast<T*>(detail::allocate_or_trap(count * sizeof(T)));
    if (size_ != 0) __builtin_memcpy(static_cast<void*>(larger), items_, size_ * sizeof(T));
    detail::deallocate(items_);
    items_ = larger;
    room_ = count;
  }
  /// New items are `value`.
  void resize(size_t count, T value = {}) {
    if (count > room_) grow(count);
    for (size_t i = size_; i < count; ++i) items_[i] = value;
    size_ = count;
  }
  /// `count` new items without a value, to be filled in by the caller.
  T* extend(size_t count) {
    if (size_ + count > room_) grow(size_ + count);
    size_ += count;
    return items_ + size_ - count;
  }
  /// Drops the items, keeps the room.
  void clear() { size_ = 0; }
  /// Drops the items and gives the memory back.
  void reset() {
    detail::deallocate(items_);
    items_ = nullptr;
    size_ = room_ = 0;
  }
  /// Hands the memory over, to be given back through m3u_free.
  T* release() {
    T* const items = items_;
    items_ = nullptr;
    size_ = room_ = 0;
    return items;
  }

 private:
  void grow(size_t count) {
    const size_t larger = room_ + room_ / 2 + 16;
    reserve(count > larger ? count : larger);
  }

  T* items_ = nullptr;
  size_t size_ = 0;
  size_t room_ = 0;
};

/// Text that is put together piece by piece.
class Buffer {
 public:
  [[nodiscard]] const char* data() const { return bytes_.empty() ? "" : bytes_.data(); }
  [[nodiscard]] size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// Makes room for `size` bytes in all.
  void reserve(size_t size) { bytes_.reserve(size); }
  /// `count` new bytes at the end, to be filled in by the caller.
  char* extend(size_t count) { return bytes_.extend(count); }
  /// Drops the last `count` bytes.
  void shrink(size_t count) { bytes_.resize(bytes_.size() - count); }
  void clear() { bytes_.clear(); }
  /// Gives the memory back as well.
  void reset() { bytes_.reset(); }
  char* release() { return bytes_.release(); }
  Buffer& operator+=(char c) {
    bytes_.push_back(c);
    return *this;
  }
  Buffer& operator+=(Text text) {
    copy_short(bytes_.extend(text.size()), text.data(), text.size());
    return *this;
  }
  Buffer& append_number(int64_t value) {
    char digits[20];
    size_t first = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    do digits[--first] = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0) *this += '-';
    return *this += Text(digits + first, sizeof(digits) - first);
  }

 private:
  Array<char> bytes_;
};

/// Texts that live as long as this: copies into blocks.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { *this = static_cast<Arena&&>(other); }
  Arena& operator=(Arena&& other) noexcept {
    reset();
    blocks_ = static_cast<Array<char*>&&>(other.blocks_);
    free_ = other.free_, left_ = other.left_;
    other.left_ = 0;
    return *this;
  }
  ~Arena() { reset(); }

  Text store(Text text) {
    char* const copy = allocate(text.size());
    copy_short(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  char* allocate(size_t size) {
    if (size > left_) {
      left_ = size > kBlock ? size : kBlock;
      free_ = static_cast<char*>(detail::allocate_or_trap(left_));
      blocks_.push_back(free_);
    }
    char* const p = free_;
    free_ += size, left_ -= size;
    return p;
  }
  /// Gives everything back.
  void reset() {
    for (char* block : blocks_) detail::deallocate(block);
    blocks_.reset();
    left_ = 0;
  }

 private:
  static constexpr size_t kBlock = 8192;
  Array<char*> blocks_;
  char* free_ = nullptr;
  size_t left_ = 0;
};

}  // namespace m3u

// Reading the FlatBuffers tables of a frame.

namespace m3u {

namespace detail {

inline uint32_t read_u32(const uint8_t* p) {
  uint32_t value = 0;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}
inline uint16_t read_u16(const uint8_t* p) {
  uint16_t value = 0;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}

template <typename T>
struct Vector {
  const T* items = nullptr;
  uint32_t size = 0;
};

/// A FlatBuffers table, from the host and therefore sound.
class Table {
 public:
  explicit Table(const uint8_t* table)
      : table_(table), fields_(table - static_cast<int32_t>(read_u32(table))) {}
  static Table root(const void* frame) {
    const auto* const begin = static_cast<const uint8_t*>(frame);
    return Table(begin + read_u32(begin));
  }
  [[nodiscard]] const uint8_t* field(uint32_t index) const {
    const uint32_t entry = 4 + 2 * index;
    const uint16_t offset = entry < read_u16(fields_) ? read_u16(fields_ + entry) : 0;
    return offset == 0 ? nullptr : table_ + offset;
  }
  [[nodiscard]] uint32_t number(uint32_t index) const {
    const uint8_t* const p = field(index);
    return p == nullptr ? 0 : read_u32(p);
  }
  template <typename T>
  [[nodiscard]] Vector<T> vector(uint32_t index) const {
    const uint8_t* p = field(index);
    if (p == nullptr) return {};
    p += read_u32(p);
    return {reinterpret_cast<const T*>(p + 4), read_u32(p)};
  }

 private:
  const uint8_t* table_;
  const uint8_t* fields_;
};

inline Vector<uint32_t> offsets_of(const uint8_t* reference) {
  return Table(reference + read_u32(reference)).vector<uint32_t>(0);
}

}  // namespace detail

}  // namespace m3u

// Finding a word in much text, sixteen bytes at a time.

namespace m3u {

namespace detail {

// Sixteen bytes at a time: vector extensions, which both compilers have on every machine.
using Bytes16 = uint8_t __attribute__((vector_size(16)));

inline Bytes16 load16(const char* p) {
  Bytes16 value;
  __builtin_memcpy(&value, p, sizeof(value));
  return value;
}
inline Bytes16 all16(char c) { return Bytes16{} + static_cast<uint8_t>(c); }
/// One bit for each byte that is not 0 (such bytes are 0xff).
inline uint32_t mask16(Bytes16 bytes) {
#if defined(__wasm__) && defined(__wasm_simd128__)
  v128_t vector;
  __builtin_memcpy(&vector, &bytes, sizeof(vector));
  return static_cast<uint32_t>(wasm_i8x16_bitmask(vector));
#else
  uint32_t mask = 0;
  for (uint32_t i = 0; i < 16; ++i) mask |= (bytes[i] != 0 ? 1U : 0U) << i;
  return mask;
#endif
}
inline bool any16(Bytes16 bytes) {
#if defined(__wasm__) && defined(__wasm_simd128__)
  v128_t vector;
  __builtin_memcpy(&vector, &bytes, sizeof(vector));
  return wasm_v128_any_true(vector);
#else
  uint64_t halves[2];
  __builtin_memcpy(halves, &bytes, sizeof(halves));
  return (halves[0] | halves[1]) != 0;
#endif
}

/// Finds one word again and again, ASCII letters in any case.
class Finder {
 public:
  explicit Finder(Text word) : word_(word) {
    if (word.empty()) return;
    first_bit_ = is_ascii_letter(word[0]) ? 0x20 : 0;
    last_bit_ = is_ascii_letter(word[word.size() - 1]) ? 0x20 : 0;
    first_ = static_cast<char>(word[0] | first_bit_);
    last_ = static_cast<char>(word[word.size() - 1] | last_bit_);
  }
  /// Where the word first appears in `text` at or after `from`; SIZE_MAX when it does not.
  [[nodiscard]] size_t find(Text text, size_t from) const {
    const size_t size = word_.size();
    if (size == 0 || text.size() < size) return SIZE_MAX;
    const size_t end = text.size() - size;  // the last place where it has room
    size_t i = from;
    for (; i + 15 <= end; i += 16) {
      const Bytes16 first = load16(text.data() + i) | all16(first_bit_);
      const Bytes16 last = load16(text.data() + i + size - 1) | all16(last_bit_);
      const auto equal =
          (Bytes16)(first == all16(first_)) & (Bytes16)(last == all16(last_));  // NOLINT
      if (!any16(equal)) continue;
      for (uint32_t mask = mask16(equal); mask != 0; mask &= mask - 1) {
        const size_t at = i + static_cast<size_t>(__builtin_ctz(mask));
        if (equals_ascii_case(text.substr(at, size), word_)) return at;
      }
    }
    for (; i <= end; ++i)
      if (equals_ascii_case(text.substr(i, size), word_)) return i;
    return SIZE_MAX;
  }

 private:
  Text word_;
  char first_ = 0;
  char last_ = 0;
  char first_bit_ = 0;
  char last_bit_ = 0;
};

}  // namespace detail

/// Whether `text` has `word` in it, ASCII letters compared without case.
inline bool contains_ascii_case(Text text, Text word) {
  return word.empty() || detail::Finder(word).find(text, 0) != SIZE_MAX;
}

}  // namespace m3u

// Column: one field of all rows, and the rows that have a word in it.

namespace m3u {

/// The values of one field of all rows, which are side by side in the frame's text.
class Column {
 public:
  Column() = default;
  Column(const char* text, detail::Vector<uint32_t> offsets)
      : text_(text), offsets_(offsets.items), size_(offsets.size == 0 ? 0 : offsets.size - 1) {}

  [[nodiscard]] uint32_t size() const { return size_; }
  Text operator[](size_t row) const {
    return {text_ + offsets_[row], offsets_[row + 1] - offsets_[row]};
  }
  [[nodiscard]] const uint32_t* offsets() const { return offsets_; }
  /// The text that the offsets are about.
  [[nodiscard]] const char* text() const { return text_; }
  /// All values, one right behind the other.
  [[nodiscard]] Text all() const {
    if (size_ == 0) return {};
    return {text_ + offsets_[0], offsets_[size_] - offsets_[0]};
  }

  /// Calls found(row), in order, for each row whose value has the ASCII word in it, without regard
  /// to case: what the rules' `contains` finds. Much faster than looking at each row.
  template <typename F>
  void rows_containing(Text word, F&& found) const {
    if (size_ == 0) return;
    if (word.empty()) {
      for (uint32_t row = 0; row < size_; ++row) found(row);
    } else if (has_other_letters()) {
      rows_containing_folded(word, found);
    } else {
      search(all(), word, found);
    }
  }

 private:
  // Two letters beyond ASCII are the same as ASCII ones where case does not count: U+017F LONG S
  // and U+212A KELVIN SIGN.
  static constexpr char kLongS[] = "\xc5\xbf";
  static constexpr char kKelvin[] = "\xe2\x84\xaa";

  [[nodiscard]] bool has_other_letters() const {
    return detail::Finder(kLongS).find(all(), 0) != SIZE_MAX ||
           detail::Finder(kKelvin).find(all(), 0) != SIZE_MAX;
  }

  template <typename F>
  void search(Text text, Text word, F&& found) const {
    const detail::Finder finder(word);
    const uint32_t base = offsets_[0];
    uint32_t row = 0;
    for (size_t at = finder.find(text, 0); at != SIZE_MAX;) {
      while (offsets_[row + 1] - base <= at) ++row;
      const size_t row_end = offsets_[row + 1] - base;
      const bool inside = at + word.size() <= row_end;
      if (inside) found(row);
      at = finder.find(text, inside ? row_end : at + 1);
    }
  }

  template <typename F>
  void rows_containing_folded(Text word, F&& found) const {
    Array<char> folded;
    for (uint32_t row = 0; row < size_; ++row) {
      const Text value = (*this)[row];
      folded.clear();
      for (size_t i = 0; i < value.size(); ++i) {
        const Text rest = value.substr(i);
        const bool long_s = rest.starts_with(kLongS);
        const bool kelvin = rest.starts_with(kKelvin);
        folded.push_back(long_s ? 's' : kelvin ? 'k' : value[i]);
        if (long_s || kelvin) i += long_s ? 1 : 2;
      }
      if (contains_ascii_case({folded.data(), folded.size()}, word)) found(row);
    }
  }

  const char* text_ = nullptr;
  const uint32_t* offsets_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace m3u

// The columns of channels and of programmes.

namespace m3u {

enum class ChannelField : uint8_t {
  kChannelName,
  kTvgId,
  kTvgName,
  kTvgLogo,
  kTvgShift,
  kTvgChno,
  kGroupTitle,
  kStreamUrl,
  kDuration,  // of the #EXTINF line
};
enum class ProgrammeField : uint8_t {
  kChannelId,
  kTitle,
  kSubtitle,
  kDescription,
  kCategory,
  kIcon,
  kEpisodeNum,
  kSeasonNum,
  kLanguage,
  kRating,
  kStart,
  kStop,
  kElement,  // the whole <programme>
};
enum class MediaType : uint8_t { kLive, kMovie, kSeries };

struct Attribute {
  Text key;
  Text value;
};

}  // namespace m3u

// ChannelBatch and ProgrammeBatch: a chunk as it came in.

namespace m3u {

/// A chunk of channels as it came in. All it gives are views into the frame.
class ChannelBatch {
 public:
  static constexpr uint32_t kColumns = 9;
  using Field = ChannelField;

  ChannelBatch(const void* frame, size_t size) : frame_{static_cast<const char*>(frame), size} {
    const detail::Table root = detail::Table::root(frame);
    rows_ = root.number(0);
    const auto text = root.vector<char>(10);
    text_ = {text.items, text.size};
    const auto columns = root.vector<uint8_t>(1);  // of references, four bytes each
    for (uint32_t i = 0; i < kColumns; ++i)
      columns_[i] = {text.items, detail::offsets_of(columns.items + size_t{4} * i)};
    source_ = root.vector<uint16_t>(2);
    media_type_ = root.vector<uint8_t>(3);
    channel_id_ = root.vector<uint8_t>(4);
    attribute_first_ = root.vector<uint32_t>(5);
    keys_ = {text.items, detail::offsets_of(root.field(6))};
    values_ = {text.items, detail::offsets_of(root.field(7))};
    directive_first_ = root.vector<uint32_t>(8);
    directives_ = {text.items, detail::offsets_of(root.field(9))};
  }

  [[nodiscard]] uint32_t rows() const { return rows_; }
  [[nodiscard]] Text text(ChannelField field, uint32_t row) const { return column(field)[row]; }
  [[nodiscard]] const Column& column(ChannelField field) const {
    return columns_[static_cast<uint32_t>(field)];
  }
  [[nodiscard]] Text name(uint32_t row) const { return text(Field::kChannelName, row); }
  [[nodiscard]] Text tvg_id(uint32_t row) const { return text(Field::kTvgId, row); }
  [[nodiscard]] Text tvg_name(uint32_t row) const { return text(Field::kTvgName, row); }
  [[nodiscard]] Text tvg_logo(uint32_t row) const { return text(Field::kTvgLogo, row); }
  [[nodiscard]] Text tvg_shift(uint32_t row) const { return text(Field::kTvgShift, row); }
  [[nodiscard]] Text number(uint32_t row) const { return text(Field::kTvgChno, row); }
  [[nodiscard]] Text group(uint32_t row) const { return text(Field::kGroupTitle, row); }
  [[nodiscard]] Text url(uint32_t row) const { return text(Field::kStreamUrl, row); }
  [[nodiscard]] Text duration(uint32_t row) const { return text(Field::kDuration, row); }
  /// Index into the context's sources.
  [[nodiscard]] uint16_t source(uint32_t row) const { return source_.items[row]; }
  [[nodiscard]] MediaType media_type(uint32_t row) const {
    return static_cast<MediaType>(media_type_.items[row]);
  }
  /// The channel's 16 bytes, or nothing where ids are not needed.
  [[nodiscard]] Text id(uint32_t row) const {
    if (channel_id_.size == 0) return {};
    return {reinterpret_cast<const char*>(channel_id_.items) + size_t{16} * row, 16};
  }

  /// The attributes of row i are attribute(attributes_begin(i)) … up to attributes_begin(i + 1).
  [[nodiscard]] uint32_t attributes_begin(uint32_t row) const {
    return attribute_first_.items[row];
  }
  [[nodiscard]] Attribute attribute(uint32_t index) const { return {keys_[index], values_[index]}; }
  /// The value of an attribute, its key compared without case; empty when there is none.
  [[nodiscard]] Text attribute(uint32_t row, Text key) const {
    for (uint32_t i = attributes_begin(row); i < attributes_begin(row + 1); ++i)
      if (equals_ascii_case(keys_[i], key)) return values_[i];
    return {};
  }
  /// The lines of row i are directive(directives_begin(i)) … up to directives_begin(i + 1).
  [[nodiscard]] uint32_t directives_begin(uint32_t row) const {
    return directive_first_.items[row];
  }
  [[nodiscard]] Text directive(uint32_t index) const { return directives_[index]; }

  /// The whole frame and its text.
  [[nodiscard]] Text frame() const { return frame_; }
  [[nodiscard]] Text text() const { return text_; }

 private:
  friend class ChannelEditor;
  Text frame_;
  Text text_;
  uint32_t rows_ = 0;
  Column columns_[kColumns];
  detail::Vector<uint16_t> source_;
  detail::Vector<uint8_t> media_type_;
  detail::Vector<uint8_t> channel_id_;
  detail::Vector<uint32_t> attribute_first_;
  Column keys_;
  Column values_;
  detail::Vector<uint32_t> directive_first_;
  Column directives_;
};

/// A chunk of programmes as it came in. All it gives are views into the frame.
class ProgrammeBatch {
 public:
  static constexpr uint32_t kColumns = 13;
  /// The origin of a row that is new.
  static constexpr uint32_t kNew = 0xffffffff;
  using Field = ProgrammeField;

  ProgrammeBatch(const void* frame, size_t size) : frame_{static_cast<const char*>(frame), size} {
    const detail::Table root = detail::Table::root(frame);
    rows_ = root.number(0);
    const auto text = root.vector<char>(4);
    text_ = {text.items, text.size};
    const auto columns = root.vector<uint8_t>(1);
    for (uint32_t i = 0; i < kColumns; ++i)
      columns_[i] = {text.items, detail::offsets_of(columns.items + size_t{4} * i)};
    origin_ = root.vector<uint32_t>(2);
    source_ = root.vector<uint16_t>(3);
  }

  [[nodiscard]] uint32_t rows() const { return rows_; }
  [[nodiscard]] Text text(ProgrammeField field, uint32_t row) const { return column(field)[row]; }
  [[nodiscard]] const Column& column(ProgrammeField field) const {
    return columns_[static_cast<uint32_t>(field)];
  }
  [[nodiscard]] Text channel_id(uint32_t row) const { return text(Field::kChannelId, row); }
  [[nodiscard]] Text title(uint32_t row) const { return text(Field::kTitle, row); }
  [[nodiscard]] Text description(uint32_t row) const { return text(Field::kDescription, row); }
  [[nodiscard]] Text category(uint32_t row) const { return text(Field::kCategory, row); }
  [[nodiscard]] Text start(uint32_t row) const { return text(Field::kStart, row); }
  [[nodiscard]] Text stop(uint32_t row) const { return text(Field::kStop, row); }
  /// The whole <programme> element.
  [[nodiscard]] Text element(uint32_t row) const { return text(Field::kElement, row); }
  /// Which row this is of all that were given since begin(), from 0.
  [[nodiscard]] uint32_t origin(uint32_t row) const { return origin_.items[row]; }
  /// Index of the EPG source.
  [[nodiscard]] uint16_t source(uint32_t row) const { return source_.items[row]; }

  [[nodiscard]] Text frame() const { return frame_; }
  [[nodiscard]] Text text() const { return text_; }

 private:
  friend class ProgrammeEditor;
  Text frame_;
  Text text_;
  uint32_t rows_ = 0;
  Column columns_[kColumns];
  detail::Vector<uint32_t> origin_;
  detail::Vector<uint16_t> source_;
};

}  // namespace m3u

// Writing a frame in one block: lists of texts and of numbers, kept as they are or new.

namespace m3u {

namespace detail {

/// A block from m3u_alloc with a result in it.
struct Block {
  void* data = nullptr;
  size_t size = 0;
};

/// Neighbouring entries [first, end) of a list.
struct Run {
  uint32_t first;
  uint32_t end;
};

inline uint32_t count_of(const Array<Run>& runs) {
  uint32_t count = 0;
  for (const Run run : runs) count += run.end - run.first;
  return count;
}

/// Appends the runs of `items`, each entry `width` of them.
template <typename T>
void append_runs(const T* items, const Array<Run>& runs, Array<T>& to, uint32_t width = 1) {
  to.reserve(to.size() + size_t{width} * count_of(runs));
  for (const Run run : runs)
    to.append(items + size_t{width} * run.first, size_t{width} * (run.end - run.first));
}

/// One list of texts on its way into a frame: offsets that are kept, runs of a column, or views;
/// the texts of the last two are copied.
struct TextList {
  TextList() = default;
  explicit TextList(const Column& column) : offsets(column.offsets()), count(column.size()) {}
  TextList(const Column& column, const Array<Run>& wanted)
      : offsets(column.offsets()), text(column.text()), runs(&wanted), count(count_of(wanted)) {}
  explicit TextList(const Array<Text>& texts)
      : views(texts.data()), count(static_cast<uint32_t>(texts.size())) {}

  [[nodiscard]] bool is_kept() const { return offsets != nullptr && runs == nullptr; }
  [[nodiscard]] size_t new_text() const {
    if (is_kept()) return 0;
    size_t size = 0;
    if (runs != nullptr) {
      for (const Run run : *runs) size += offsets[run.end] - offsets[run.first];
      return size;
    }
    for (uint32_t i = 0; i < count; ++i) size += views[i].size();
    return size;
  }

  const uint32_t* offsets = nullptr;
  const char* text = nullptr;
  const Array<Run>* runs = nullptr;
  const Text* views = nullptr;
  uint32_t count = 0;
};

/// A vector of plain numbers on its way into a frame.
struct Numbers {
  template <typename T>
  Numbers(Vector<T> numbers) : data(numbers.items), count(numbers.size), width(sizeof(T)) {}
  template <typename T>
  Numbers(const Array<T>& numbers)
      : data(numbers.data()), count(static_cast<uint32_t>(numbers.size())), width(sizeof(T)) {}
  [[nodiscard]] size_t bytes() const { return size_t{count} * width; }

  const void* data;
  uint32_t count;
  uint32_t width;
};

/// Writes a frame from its beginning to its end: every reference points forward. Each part begins
/// at a multiple of four.
class FrameWriter {
 public:
  static constexpr size_t padded(size_t size) { return (size + 3) & ~size_t{3}; }
  static size_t size_of(const TextList& list) { return 4 + 4 * (size_t{list.count} + 1); }
  static size_t size_of(const Numbers& numbers) { return 4 + padded(numbers.bytes()); }
  /// What the parts take that depend on the schema only.
  static constexpr size_t size_of_tables(uint32_t fields, uint32_t columns, uint32_t lists) {
    return 4 + kColumnTableFields + padded(4 + 2 * fields) + 4 + 4 * fields + 4 + 4 * columns +
           8 * lists;
  }

  FrameWriter(size_t size, uint32_t fields, uint32_t rows, Text kept)
      : begin_(static_cast<uint8_t*>(allocate_or_trap(size))),
        end_(begin_),
        size_(size),
        kept_(kept) {
    const auto table = static_cast<uint32_t>(4 + kColumnTableFields + padded(4 + 2 * fields));
    put32(table);
    column_fields_ = end_;
    put16(6), put16(8), put16(4), put16(0);
    const uint8_t* const root_fields = end_;
    put16(4 + 2 * fields), put16(4 + 4 * fields);
    for (uint32_t i = 0; i < fields; ++i) put16(4 + 4 * i);
    while (end_ < begin_ + table) *end_++ = 0;
    root_ = end_;
    put32(static_cast<uint32_t>(end_ - root_fields));
    end_ += 4 * fields;
    write32(field(0), rows);
  }

  /// The vector of columns, and the table of each.
  void columns(uint32_t index, const TextList* lists, uint32_t count) {
    refer(field(index));
    put32(count);
    uint8_t* reference = end_;
    end_ += 4 * count;
    for (uint32_t i = 0; i < count; ++i, reference += 4) {
      refer(reference);
      table(lists[i]);
    }
  }
  /// A column outside the vector.
  void column(uint32_t index, const TextList& list) {
    refer(field(index));
    table(list);
  }
  void numbers(uint32_t index, const Numbers& numbers) {
    refer(field(index));
    put32(numbers.count);
    if (numbers.count != 0) __builtin_memcpy(end_, numbers.data, numbers.bytes());
    end_ += numbers.bytes();
    pad();
  }
  /// The text: what was kept, then what is new of each list, in the order in which they came.
  Block text(uint32_t index, const TextList* const* lists, uint32_t count) {
    refer(field(index));
    put32(position_ == UINT32_MAX ? static_cast<uint32_t>(kept_.size()) : position_);
    char* to = reinterpret_cast<char*>(end_);
    if (!kept_.empty()) __builtin_memcpy(to, kept_.data(), kept_.size());
    to += kept_.size();
    for (uint32_t i = 0; i < count; ++i) to = copy_new(*lists[i], to);
    end_ = reinterpret_cast<uint8_t*>(to);
    pad();
    return {begin_, size_};
  }

 private:
  static constexpr size_t kColumnTableFields = 8;

  static void write32(uint8_t* p, uint32_t value) { __builtin_memcpy(p, &value, sizeof(value)); }
  void put32(uint32_t value) { write32(end_, value), end_ += 4; }
  void put16(uint32_t value) {
    const auto narrow = static_cast<uint16_t>(value);
    __builtin_memcpy(end_, &narrow, sizeof(narrow));
    end_ += 2;
  }
  void pad() {
    while ((end_ - begin_) % 4 != 0) *end_++ = 0;
  }
  [[nodiscard]] uint8_t* field(uint32_t index) const { return root_ + 4 + size_t{4} * index; }
  /// Lets the reference at `p` point to what is written next.
  void refer(uint8_t* p) const { write32(p, static_cast<uint32_t>(end_ - p)); }

  void table(const TextList& list) {
    put32(static_cast<uint32_t>(end_ - column_fields_));
    put32(4);
    put32(list.count + 1);
    if (list.is_kept()) {
      __builtin_memcpy(end_, list.offsets, 4 * (size_t{list.count} + 1));
      end_ += 4 * (size_t{list.count} + 1);
      return;
    }
    uint32_t position = position_ == UINT32_MAX ? static_cast<uint32_t>(kept_.size()) : position_;
    auto* offsets = reinterpret_cast<uint32_t*>(end_);
    if (list.runs != nullptr) {
      for (const Run run : *list.runs) {
        const uint32_t* const old = list.offsets + run.first;
        const uint32_t distance = position - *old;
        const uint32_t count = run.end - run.first;
        for (uint32_t i = 0; i < count; ++i) offsets[i] = old[i] + distance;
        offsets += count;
        position = old[count] + distance;
      }
    } else {
      for (uint32_t i = 0; i < list.count; ++i) {
        *offsets++ = position;
        position += static_cast<uint32_t>(list.views[i].size());
      }
    }
    *offsets = position;
    end_ += 4 * (size_t{list.count} + 1);
    position_ = position;
  }

  /// Values that are side by side are copied together.
  static char* copy_new(const TextList& list, char* to) {
    if (list.is_kept()) return to;
    if (list.runs != nullptr) {
      for (const Run run : *list.runs) {
        const size_t size = list.offsets[run.end] - list.offsets[run.first];
        __builtin_memcpy(to, list.text + list.offsets[run.first], size);
        to += size;
      }
      return to;
    }
    for (uint32_t i = 0; i < list.count;) {
      const char* const from = list.views[i].data();
      const char* end = from + list.views[i].size();
      for (++i; i < list.count && list.views[i].data() == end; ++i) end = list.views[i].end();
      const auto size = static_cast<size_t>(end - from);
      copy_short(to, from, size);
      to += size;
    }
    return to;
  }

  uint8_t* begin_;
  uint8_t* end_;
  size_t size_;
  Text kept_;
  uint8_t* root_ = nullptr;
  const uint8_t* column_fields_ = nullptr;
  uint32_t position_ = UINT32_MAX;
};

constexpr size_t kMaxFrameText = size_t{1} << 30U;  // far beyond what the host accepts

[[noreturn]] inline void too_much_text() {
  host::log(LogLevel::kError, "a chunk holds more than 1 GB of text");
  __builtin_trap();
}
inline size_t checked_text(size_t size) {
  if (size > kMaxFrameText) too_much_text();
  return size;
}

}  // namespace detail

}  // namespace m3u

// What the frames of channels and of programmes are put together from.

namespace m3u {

namespace detail {

struct ChannelParts {
  uint32_t rows;
  Text kept;
  TextList columns[ChannelBatch::kColumns];
  Numbers source;
  Numbers media_type;
  Numbers channel_id;
  Numbers attribute_first;
  TextList keys;
  TextList values;
  Numbers directive_first;
  TextList directives;
};

inline Block build(const ChannelParts& parts) {
  constexpr uint32_t kFields = 11;
  constexpr uint32_t kLists = ChannelBatch::kColumns + 3;
  const TextList* lists[kLists] = {};
  for (uint32_t i = 0; i < ChannelBatch::kColumns; ++i) lists[i] = &parts.columns[i];
  lists[kLists - 3] = &parts.keys;
  lists[kLists - 2] = &parts.values;
  lists[kLists - 1] = &parts.directives;
  size_t text = parts.kept.size();
  size_t size = FrameWriter::size_of_tables(kFields, ChannelBatch::kColumns, kLists);
  for (const TextList* list : lists) {
    text += list->new_text();
    size += FrameWriter::size_of(*list);
  }
  size += 4 + FrameWriter::padded(checked_text(text));
  const Numbers* const all_numbers[] = {&parts.source, &parts.media_type, &parts.channel_id,
                                        &parts.attribute_first, &parts.directive_first};
  for (const Numbers* numbers : all_numbers) size += FrameWriter::size_of(*numbers);

  FrameWriter frame(size, kFields, parts.rows, parts.kept);
  frame.columns(1, parts.columns, ChannelBatch::kColumns);
  frame.column(6, parts.keys);
  frame.column(7, parts.values);
  frame.column(9, parts.directives);
  frame.numbers(2, parts.source);
  frame.numbers(3, parts.media_type);
  frame.numbers(4, parts.channel_id);
  frame.numbers(5, parts.attribute_first);
  frame.numbers(8, parts.directive_first);
  return frame.text(10, lists, kLists);
}

struct ProgrammeParts {
  uint32_t rows;
  Text kept;
  TextList columns[ProgrammeBatch::kColumns];
  Numbers origin;
  Numbers source;
};

inline Block build(const ProgrammeParts& parts) {
  constexpr uint32_t kFields = 5;
  constexpr uint32_t kLists = ProgrammeBatch::kColumns;
  const TextList* lists[kLists] = {};
  size_t text = parts.kept.size();
  size_t size = FrameWriter::size_of_tables(kFields, kLists, kLists);
  for (uint32_t i = 0; i < kLists; ++i) {
    lists[i] = &parts.columns[i];
    text += lists[i]->new_text();
    size += FrameWriter::size_of(*lists[i]);
  }
  size += 4 + FrameWriter::padded(checked_text(text)) + FrameWriter::size_of(parts.origin) +
          FrameWriter::size_of(parts.source);
  FrameWriter frame(size, kFields, parts.rows, parts.kept);
  frame.columns(1, parts.columns, kLists);
  frame.numbers(2, parts.origin);
  frame.numbers(3, parts.source);
  return frame.text(4, lists, kLists);
}

}  // namespace detail

}  // namespace m3u

// What ChannelEditor and ProgrammeEditor have in common.

namespace m3u {

namespace detail {

/// What the editors of channels and programmes have in common: columns in which values were set,
/// and rows that were dropped.
template <typename Batch>
class Editor {
 public:
  using Field = typename Batch::Field;

  explicit Editor(const Batch& batch) : batch_(batch) {}

  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] uint32_t rows() const { return batch_.rows(); }
  /// The value as it is now.
  [[nodiscard]] Text text(Field field, uint32_t row) const {
    const Array<Text>& changed = changed_[static_cast<uint32_t>(field)];
    return changed.empty() ? batch_.text(field, row) : changed[row];
  }
  /// `value` must live until the chunk is given: a part of the batch, a text of the plugin's own,
  /// or what store() returned.
  void set(Field field, uint32_t row, Text value) {
    Array<Text>& changed = changed_[static_cast<uint32_t>(field)];
    if (changed.empty()) {
      if (batch_.text(field, row) == value) return;
      read_column(field, changed);
    }
    changed[row] = value;
  }
  /// Drops a row.
  void drop(uint32_t row) {
    if (dropped_.empty()) dropped_.resize(rows());
    dropped_[row] = 1;
  }
  [[nodiscard]] bool is_dropped(uint32_t row) const {
    return !dropped_.empty() && dropped_[row] != 0;
  }
  /// A copy that lives as long as the editor.
  Text store(Text text) { return arena_.store(text); }

 protected:
  /// The rows that stay.
  [[nodiscard]] Array<Run> kept_rows() const {
    Array<Run> runs;
    uint32_t row = 0;
    while (row < rows()) {
      uint32_t end = row;
      while (end < rows() && dropped_[end] == 0) ++end;
      if (end != row) runs.push_back({row, end});
      row = end + 1;
    }
    return runs;
  }
  /// What stays of a column; `own` keeps the views of one in which values were set.
  [[nodiscard]] TextList list(uint32_t column, const Array<Run>& kept, Array<Text>& own) const {
    if (changed_[column].empty()) return {batch_.column(static_cast<Field>(column)), kept};
    append_runs(changed_[column].data(), kept, own);
    return TextList(own);
  }
  [[nodiscard]] bool any_set() const {
    for (const Array<Text>& changed : changed_)
      if (!changed.empty()) return true;
    return false;
  }
  [[nodiscard]] TextList list(uint32_t column) const {
    return changed_[column].empty() ? TextList(batch_.column(static_cast<Field>(column)))
                                    : TextList(changed_[column]);
  }
  void read_column(Field field, Array<Text>& texts) const {
    const Column& column = batch_.column(field);
    Text* const to = texts.extend(rows());
    for (uint32_t i = 0; i < rows(); ++i) to[i] = column[i];
  }

  const Batch& batch_;
  Array<Text> changed_[Batch::kColumns];
  Array<uint8_t> dropped_;
  Arena arena_;
};

}  // namespace detail

}  // namespace m3u

// ChannelEditor: changing a chunk of channels.

namespace m3u {

/// Changes a chunk of channels: sets values, drops rows, and keeps everything else.
class ChannelEditor : public detail::Editor<ChannelBatch> {
 public:
  using Editor::Editor;

  void set_media_type(uint32_t row, MediaType type) {
    if (media_type_.empty()) {
      if (batch_.media_type(row) == type) return;
      media_type_.append(batch_.media_type_.items, rows());
    }
    media_type_[row] = static_cast<uint8_t>(type);
  }

  /// Sets or adds an attribute of any row, its key compared without case; an empty value removes
  /// it. Both texts must live until the chunk is given.
  void set_attribute(uint32_t row, Text key, Text value) {
    if (lists_.empty()) read_attributes();
    List& list = lists_[row];
    for (uint32_t i = 0; i < list.count; ++i) {
      Attribute* const attribute = &attributes_[list.first + i];
      if (!equals_ascii_case(attribute->key, key)) continue;
      attribute->value = value;
      if (!value.empty()) return;
      for (--list.count; i < list.count; ++i)
        attributes_[list.first + i] = attributes_[list.first + i + 1];
      return;
    }
    if (!value.empty()) add_attribute(list, {key, value});
  }

  /// Whether the chunk is as it came.
  [[nodiscard]] bool unchanged() const {
    return !any_set() && dropped_.empty() && media_type_.empty() && lists_.empty();
  }

  /// The frame, as a block for Output.
  detail::Block build() const {
    if (!dropped_.empty()) return build_kept();
    Array<uint32_t> first;
    Array<Text> keys;
    Array<Text> values;
    Array<detail::Run> all;
    all.push_back({0, rows()});
    if (!lists_.empty()) gather(all, first, keys, values);
    const bool own = !lists_.empty();
    return detail::build(detail::ChannelParts{
        rows(),
        batch_.text(),
        {list(0), list(1), list(2), list(3), list(4), list(5), list(6), list(7), list(8)},
        batch_.source_,
        media_type_.empty() ? detail::Numbers(batch_.media_type_) : detail::Numbers(media_type_),
        batch_.channel_id_,
        own ? detail::Numbers(first) : detail::Numbers(batch_.attribute_first_),
        own ? detail::TextList(keys) : detail::TextList(batch_.keys_),
        own ? detail::TextList(values) : detail::TextList(batch_.values_),
        batch_.directive_first_,
        detail::TextList(batch_.directives_)});
  }

 private:
  struct List {
    uint32_t first;
    uint32_t count;
  };

  void read_attributes() {
    lists_.reserve(rows());
    for (uint32_t row = 0; row < rows(); ++row) {
      const uint32_t first = batch_.attributes_begin(row);
      lists_.push_back({first, batch_.attributes_begin(row + 1) - first});
    }
    const uint32_t count = batch_.keys_.size();
    attributes_.reserve(count + rows());
    for (uint32_t i = 0; i < count; ++i) attributes_.push_back(batch_.attribute(i));
  }
  /// A row's list can grow at the end only: it moves there.
  void add_attribute(List& list, Attribute attribute) {
    if (list.first + list.count != attributes_.size()) {
      const uint32_t old = list.first;
      list.first = static_cast<uint32_t>(attributes_.size());
      for (uint32_t i = 0; i < list.count; ++i) {
        const Attribute moved = attributes_[old + i];
        attributes_.push_back(moved);
      }
    }
    attributes_.push_back(attribute);
    ++list.count;
  }
  void gather(const Array<detail::Run>& rows, Array<uint32_t>& first, Array<Text>& keys,
              Array<Text>& values) const {
    first.push_back(0);
    for (const detail::Run run : rows) {
      for (uint32_t row = run.first; row < run.end; ++row) {
        const List list = lists_[row];
        for (uint32_t i = list.first; i < list.first + list.count; ++i) {
          keys.push_back(attributes_[i].key);
          values.push_back(attributes_[i].value);
        }
        first.push_back(static_cast<uint32_t>(keys.size()));
      }
    }
  }
  /// Without the rows that were dropped; what stays is copied by runs of neighbours.
  [[nodiscard]] detail::Block build_kept() const {
    using detail::TextList;
    const Array<detail::Run> kept = kept_rows();
    Array<uint16_t> source;
    Array<uint8_t> media_type;
    Array<uint8_t> channel_id;
    detail::append_runs(batch_.source_.items, kept, source);
    detail::append_runs(media_type_.empty() ? batch_.media_type_.items : media_type_.data(), kept,
                        media_type);
    if (batch_.channel_id_.size != 0)
      detail::append_runs(batch_.channel_id_.items, kept, channel_id, 16);
    Array<uint32_t> attribute_first;
    Array<uint32_t> directive_first;
    Array<detail::Run> attributes;
    Array<Text> keys;
    Array<Text> values;
    const bool own = !lists_.empty();
    if (own)
      gather(kept, attribute_first, keys, values);
    else
      attributes = entries_of(batch_.attribute_first_.items, kept, attribute_first);
    const Array<detail::Run> directives =
        entries_of(batch_.directive_first_.items, kept, directive_first);
    Array<Text> set[ChannelBatch::kColumns];
    const auto column = [&](uint32_t i) { return list(i, kept, set[i]); };
    return detail::build(
        detail::ChannelParts{detail::count_of(kept),
                             {},
                             {column(0), column(1), column(2), column(3), column(4), column(5),
                              column(6), column(7), column(8)},
                             source,
                             media_type,
                             channel_id,
                             attribute_first,
                             own ? TextList(keys) : TextList(batch_.keys_, attributes),
                             own ? TextList(values) : TextList(batch_.values_, attributes),
                             directive_first,
                             TextList(batch_.directives_, directives)});
  }
  /// Where the entries of the rows that stay are, and where each row's begin among them.
  static Array<detail::Run> entries_of(const uint32_t* first, const Array<detail::Run>& kept,
                                       Array<uint32_t>& new_first) {
    Array<detail::Run> entries;
    uint32_t count = 0;
    for (const detail::Run run : kept) {
      for (uint32_t row = run.first; row < run.end; ++row)
        new_first.push_back(first[row] - first[run.first] + count);
      count += first[run.end] - first[run.first];
      if (first[run.end] != first[run.first]) entries.push_back({first[run.first], first[run.end]});
    }
    new_first.push_back(count);
    return entries;
  }

  Array<uint8_t> media_type_;
  Array<List> lists_;  // where each row's attributes are, once one was set
  Array<Attribute> attributes_;
};

}  // namespace m3u

// Packed frames: chunks of channels, a third to a half as large, in a fraction of the time that a
// general compressor takes. It knows what is in a frame: offsets that grow by a little, and columns
// of texts of which most begin as the one before (front coding). What comes out of unpack() is the
// frame that went in, byte for byte. Its own format, for its own data only; unpack() trusts it.
//
// A packed frame: Head, its Regions in the order of their places, then what each piece of the frame
// became in the order in which unpack() needs it: first what is outside the text, then the text.

namespace m3u::detail::packed {

constexpr uint32_t kSlack = 16;  // bytes that may be read beyond what is packed

/// A part of the frame that is not kept as it is: numbers, or the texts of one list.
struct Region {
  uint32_t begin;    // in the frame
  uint32_t size;     // bytes
  uint32_t numbers;  // of texts: where the offsets are in the frame; else 0
  uint32_t first;    // of texts: how many there are before the first that is compared; 0 where
                     // each is compared with one of another list
  int32_t before;    // of texts: bytes from an offset to that of the text it is compared with
};

struct Head {
  uint32_t plain_size;
  uint32_t regions;
  uint32_t text_begin;  // in the frame
  uint32_t text_end;
};

/// Copies 16 bytes at a time: up to 16 more than `size` are read and written.
inline void copy_wild(char* to, const char* from, uint32_t size) {
  uint32_t i = 0;
  do {
    const Bytes16 bytes = load16(from + i);
    __builtin_memcpy(to + i, &bytes, sizeof(bytes));
    i += 16;
  } while (i < size);
}

/// How many of the first `most` bytes are the same; where `more`, 16 more of both can be read.
inline uint32_t common_prefix(const char* a, const char* b, uint32_t most, bool more) {
  uint32_t i = 0;
  for (; i + (more ? 0 : 16) < most; i += 16) {
    const uint32_t differ = ~mask16((Bytes16)(load16(a + i) == load16(b + i))) & 0xffffU;  // NOLINT
    if (differ == 0) continue;
    const uint32_t same = i + static_cast<uint32_t>(__builtin_ctz(differ));
    return same < most ? same : most;
  }
  if (more) return most;
  while (i < most && a[i] == b[i]) ++i;
  return i;
}

/// Packs frames one after the other, in memory that is used again.
class Packer {
 public:
  /// The packed frame, valid until the next call.
  Text pack(Text frame) {
    frame_ = frame;
    find_regions();
    out_.clear();
    // At worst everything stays as it is, and each text has a byte more.
    out_.reserve(frame.size() + values_ + sizeof(Head) + regions_.size() * (sizeof(Region) + 1) +
                 kSlack);
    const Head head{static_cast<uint32_t>(frame.size()), static_cast<uint32_t>(regions_.size()),
                    text_begin_, text_end_};
    put(&head, sizeof(head));
    put(regions_.data(), regions_.size() * sizeof(Region));
    uint32_t at = 0;
    for (const Region& region : regions_) {
      if (region.numbers != 0) continue;
      put_outside(at, region.begin);
      put_numbers(region);
      at = region.begin + region.size;
    }
    put_outside(at, static_cast<uint32_t>(frame.size()));
    at = text_begin_;
    for (const Region& region : regions_) {
      if (region.numbers == 0) continue;
      put_plain(at, region.begin);
      put_texts(region);
      at = region.begin + region.size;
    }
    put_plain(at, text_end_);
    __builtin_memset(out_.extend(kSlack), 0, kSlack);
    return {out_.data(), out_.size()};
  }

 private:
  using Offsets = Vector<uint32_t>;
  static constexpr uint32_t kEach = 32;  // of that many texts one is looked at
  static constexpr uint32_t kWorth = 8;  // bytes in common

  void find_regions() {
    regions_.clear();
    values_ = 0;
    const ChannelBatch batch(frame_.data(), frame_.size());
    text_begin_ = place(batch.text().data());
    text_end_ = text_begin_ + static_cast<uint32_t>(batch.text().size());
    const Table root = Table::root(frame_.data());
    const auto columns = root.vector<uint8_t>(1);
    Offsets name;
    for (uint32_t i = 0; i < ChannelBatch::kColumns; ++i) {
      const Offsets offsets = offsets_of(columns.items + size_t{4} * i);
      const auto field = static_cast<ChannelField>(i);
      // Most tvg-names are the channel's name.
      if (field == ChannelField::kTvgName && name.size == offsets.size)
        add_texts(offsets, 0, name.items);
      else
        add_texts(offsets, 1, nullptr);
      if (field == ChannelField::kChannelName) name = offsets;
    }
    const Offsets keys = offsets_of(root.field(6));
    // A key is mostly the one of the row before.
    const uint32_t mean = batch.rows() == 0 ? 0 : (keys.size - 1) / batch.rows();
    const uint32_t a_row = mean == 0 ? 1 : mean;
    add_texts(keys, a_row, nullptr);
    add_texts(offsets_of(root.field(7)), a_row, nullptr);
    add_texts(offsets_of(root.field(9)), 1, nullptr);
    add_numbers(root.vector<uint32_t>(5));
    add_numbers(root.vector<uint32_t>(8));
    sort_regions();
  }

  [[nodiscard]] uint32_t place(const void* p) const {
    return static_cast<uint32_t>(static_cast<const char*>(p) - frame_.data());
  }
  void add_numbers(Offsets numbers) {
    if (numbers.size < 2) return;
    regions_.push_back({place(numbers.items), 4 * numbers.size, 0, 0, 0});
  }
  /// Each text is compared with that `distance` before it, or with the one of `other` beside it.
  void add_texts(Offsets offsets, uint32_t distance, const uint32_t* other) {
    add_numbers(offsets);
    if (offsets.size < 2) return;
    const uint32_t texts = offsets.size - 1;
    const uint32_t begin = offsets.items[0];
    const uint32_t end = offsets.items[texts];
    if (begin == end) return;
    const int32_t before = other == nullptr
                               ? -4 * static_cast<int32_t>(distance)
                               : static_cast<int32_t>(place(other) - place(offsets.items));
    const Region region{text_begin_ + begin, end - begin, place(offsets.items),
                        distance < texts ? distance : texts, before};
    if (!pays(region)) return;
    values_ += texts;
    regions_.push_back(region);
  }
  /// Whether texts have so much in common that it is worth looking at each, by a few of them.
  [[nodiscard]] bool pays(const Region& region) const {
    const char* const text = frame_.data() + text_begin_;
    const uint32_t* const offsets = numbers_at(region.numbers);
    const uint32_t* const before = numbers_at(region.numbers + region.before);
    uint32_t looked_at = 0;
    uint32_t common = 0;
    for (uint32_t i = region.first; i < region_texts(region); i += kEach) {
      const uint32_t size = offsets[i + 1] - offsets[i];
      const uint32_t other = before[i + 1] - before[i];
      common +=
          common_prefix(text + offsets[i], text + before[i], size < other ? size : other, false);
      ++looked_at;
    }
    return common >= kWorth * looked_at;
  }
  /// By their places; of regions that overlap the first stays.
  void sort_regions() {
    for (size_t i = 1; i < regions_.size(); ++i) {
      const Region region = regions_[i];
      size_t to = i;
      for (; to > 0 && regions_[to - 1].begin > region.begin; --to) regions_[to] = regions_[to - 1];
      regions_[to] = region;
    }
    size_t kept = 0;
    uint32_t end = 0;
    for (const Region region : regions_) {
      if (region.begin < end || !is_before(region)) continue;
      end = region.begin + region.size;
      regions_[kept++] = region;
    }
    regions_.resize(kept);
  }
  /// Whether the texts it is compared with are there when it is unpacked.
  [[nodiscard]] bool is_before(const Region& region) const {
    if (region.numbers == 0 || region.first != 0) return true;
    const uint32_t* const other = numbers_at(region.numbers + region.before);
    return text_begin_ + other[region_texts(region)] <= region.begin;
  }
  /// The vector's size is in front of it.
  [[nodiscard]] uint32_t region_texts(const Region& region) const {
    return numbers_at(region.numbers)[-1] - 1;
  }
  [[nodiscard]] const uint32_t* numbers_at(uint32_t place) const {
    return reinterpret_cast<const uint32_t*>(frame_.data() + place);
  }

  void put(const void* data, size_t size) {
    if (size != 0) __builtin_memcpy(out_.extend(size), data, size);
  }
  void put_plain(uint32_t begin, uint32_t end) { put(frame_.data() + begin, end - begin); }
  /// The text of the frame comes later.
  void put_outside(uint32_t begin, uint32_t end) {
    if (begin <= text_begin_ && text_end_ <= end) {
      put_plain(begin, text_begin_);
      begin = text_end_;
    }
    put_plain(begin, end);
  }

  /// How wide the differences are, the first number, the differences.
  void put_numbers(const Region& region) {
    const uint32_t* const numbers = numbers_at(region.begin);
    const uint32_t count = region.size / 4 - 1;
    uint32_t all = 0;
    for (uint32_t i = 0; i < count; ++i) all |= numbers[i + 1] - numbers[i];
    out_ += static_cast<char>(all < 256 ? 1 : all < 65536 ? 2 : 4);
    put(numbers, sizeof(*numbers));
    if (all < 256)
      put_differences<uint8_t>(numbers, count);
    else if (all < 65536)
      put_differences<uint16_t>(numbers, count);
    else
      put(numbers + 1, size_t{4} * count);
  }
  template <typename Difference>
  void put_differences(const uint32_t* numbers, uint32_t count) {
    char* const to = out_.extend(sizeof(Difference) * count);
    for (uint32_t i = 0; i < count; ++i) {
      const auto difference = static_cast<Difference>(numbers[i + 1] - numbers[i]);
      __builtin_memcpy(to + sizeof(Difference) * i, &difference, sizeof(difference));
    }
  }

  /// For each text how many bytes it has in common with the one it is compared with, then the rest
  /// of each.
  void put_texts(const Region& region) {
    const char* const text = frame_.data() + text_begin_;
    const char* const end = frame_.data() + text_end_;
    const uint32_t* const offsets = numbers_at(region.numbers);
    const uint32_t* const before = numbers_at(region.numbers + region.before);
    const uint32_t texts = region_texts(region);
    auto* const shared = reinterpret_cast<uint8_t*>(out_.extend(texts));
    char* const begin = out_.extend(region.size);
    char* to = begin;
    for (uint32_t i = 0; i < texts; ++i) {
      const char* const value = text + offsets[i];
      const uint32_t size = offsets[i + 1] - offsets[i];
      const bool more = value + size + 16 <= end;  // of what it is compared with, too
      uint32_t common = 0;
      if (i >= region.first) {
        const uint32_t other = before[i + 1] - before[i];
        const uint32_t shorter = size < other ? size : other;
        common = common_prefix(value, text + before[i], shorter < 255 ? shorter : 255, more);
      }
      shared[i] = static_cast<uint8_t>(common);
      if (more)
        copy_wild(to, value + common, size - common);
      else
        copy_short(to, value + common, size - common);
      to += size - common;
    }
    out_.shrink(static_cast<size_t>(begin + region.size - to));
  }

  Text frame_;
  uint32_t text_begin_ = 0;
  uint32_t text_end_ = 0;
  size_t values_ = 0;  // texts in all regions
  Array<Region> regions_;
  Buffer out_;
};

/// Writes the frame that was packed.
class Unpacker {
 public:
  explicit Unpacker(Text packed) : from_(packed.data()) {
    take(&head_, sizeof(head_));
    regions_ = from_;
    from_ += head_.regions * sizeof(Region);
  }
  [[nodiscard]] uint32_t size() const { return head_.plain_size; }

  /// `to` has room for size() bytes.
  void unpack(char* to) {
    frame_ = to;
    uint32_t at = 0;
    for (uint32_t i = 0; i < head_.regions; ++i) {
      const Region region = region_at(i);
      if (region.numbers != 0) continue;
      take_outside(at, region.begin);
      take_numbers(region);
      at = region.begin + region.size;
    }
    take_outside(at, head_.plain_size);
    at = head_.text_begin;
    for (uint32_t i = 0; i < head_.regions; ++i) {
      const Region region = region_at(i);
      if (region.numbers == 0) continue;
      take(frame_ + at, region.begin - at);
      take_texts(region);
      at = region.begin + region.size;
    }
    take(frame_ + at, head_.text_end - at);
  }

 private:
  [[nodiscard]] Region region_at(uint32_t i) const {
    Region region{};
    __builtin_memcpy(&region, regions_ + i * sizeof(region), sizeof(region));
    return region;
  }
  void take(void* to, size_t size) {
    if (size != 0) __builtin_memcpy(to, from_, size);
    from_ += size;
  }
  void take_outside(uint32_t begin, uint32_t end) {
    if (begin <= head_.text_begin && head_.text_end <= end) {
      take(frame_ + begin, head_.text_begin - begin);
      begin = head_.text_end;
    }
    take(frame_ + begin, end - begin);
  }

  template <typename Difference>
  void add_up(uint32_t* numbers, uint32_t count) {
    uint32_t number = numbers[0];
    for (uint32_t i = 1; i <= count; ++i) {
      Difference difference = 0;
      __builtin_memcpy(&difference, from_, sizeof(difference));
      from_ += sizeof(difference);
      number += difference;
      numbers[i] = number;
    }
  }
  void take_numbers(const Region& region) {
    auto* const numbers = reinterpret_cast<uint32_t*>(frame_ + region.begin);
    const uint32_t count = region.size / 4 - 1;
    const char width = *from_++;
    take(numbers, sizeof(*numbers));
    if (width == 1)
      add_up<uint8_t>(numbers, count);
    else if (width == 2)
      add_up<uint16_t>(numbers, count);
    else
      take(numbers + 1, size_t{4} * count);
  }

  void take_texts(const Region& region) {
    char* const text = frame_ + head_.text_begin;
    const char* const end = frame_ + head_.text_end;
    const auto* const offsets = reinterpret_cast<const uint32_t*>(frame_ + region.numbers);
    const auto* const before =
        reinterpret_cast<const uint32_t*>(frame_ + region.numbers + region.before);
    const uint32_t texts = offsets[-1] - 1;  // the vector's size is in front of it
    const auto* const shared = reinterpret_cast<const uint8_t*>(from_);
    from_ += texts;
    for (uint32_t i = 0; i < texts; ++i) {
      char* const value = text + offsets[i];
      const uint32_t size = offsets[i + 1] - offsets[i];
      const uint32_t common = shared[i];
      if (value + size + 16 <= end) {  // what is written beyond it comes later
        if (common != 0) copy_wild(value, text + before[i], common);
        copy_wild(value + common, from_, size - common);
      } else {
        if (common != 0) copy_short(value, text + before[i], common);
        copy_short(value + common, from_, size - common);
      }
      from_ += size - common;
    }
  }

  Head head_{};
  const char* regions_ = nullptr;
  const char* from_ = nullptr;
  char* frame_ = nullptr;
};

}  // namespace m3u::detail::packed

// ChunkStore: chunks of channels that wait until all are there.

namespace m3u {

/// Chunks of channels that wait, plain, compressed or in a temporary file, and come back one by one
/// in the order in which they came. How they wait does not show in what comes back. Spilling needs
/// the permission temp_files; the file's name is "chunks".
class ChunkStore {
 public:
  ChunkStore() = default;
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;
  ~ChunkStore() { free_pieces(); }

  /// Keeps the chunk as edited. False: the temporary file failed.
  bool add(const ChannelEditor& editor) {
    if (editor.unchanged()) {
      const Text frame = editor.batch().frame();
      return how_ == How::kPlain ? keep(copy_of(frame), frame.size()) : add_packed(frame);
    }
    const detail::Block block = editor.build();
    auto* const data = static_cast<char*>(block.data);
    if (how_ == How::kPlain) return keep({data, block.size}, block.size);
    const bool added = add_packed({data, block.size});
    detail::deallocate(data);
    return added;
  }

  /// From now on chunks wait compressed, those that are here too.
  void compress() {
    if (how_ != How::kPlain) return;
    how_ = How::kCompressed;
    for (size_t i = next_; i < pieces_.size(); ++i) {
      const Piece plain = pieces_[i];
      const Text packed = copy_of(pack({plain.data, plain.size}));
      pieces_[i] = {packed.data(), static_cast<uint32_t>(packed.size()), plain.size};
      bytes_ += packed.size();
      free(plain);
    }
  }

  /// From now on chunks wait in a temporary file, those that are here too; seen(chunk) is called
  /// for each of these, and spilling ends when it says false. False: that failed, and all are
  /// still here. True, and nothing is done, where they are there already.
  template <typename F>
  bool spill(F&& seen) {
    if (is_spilled()) return true;
    file_size_ = read_ = 0;
    bool good = host::temp_write(kFile, nullptr, 0) == 0;
    Buffer frame;
    for (size_t i = next_; good && i < pieces_.size(); ++i) {
      unpack(pieces_[i], frame);
      good = seen(ChannelBatch(frame.data(), frame.size())) &&
             append({pieces_[i].data, pieces_[i].size}, pieces_[i].plain_size);
    }
    if (!good) {
      host::temp_delete(kFile);
      return false;
    }
    how_ = How::kSpilled;
    free_pieces();
    return true;
  }

  bool spill() {
    return spill([](const ChannelBatch& /*chunk*/) { return true; });
  }

  /// The next chunk; false at the end, or when reading it failed.
  bool next(Buffer& frame) {
    if (how_ == How::kSpilled) return next_spilled(frame);
    if (next_ == pieces_.size()) return false;
    Piece& piece = pieces_[next_++];
    unpack(piece, frame);
    free(piece);
    piece.data = nullptr;
    return true;
  }
  /// What waits in memory.
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] bool is_spilled() const { return how_ == How::kSpilled; }
  [[nodiscard]] bool failed() const { return failed_; }

  /// Forgets all, and gives memory and file back.
  void reset() {
    if (how_ == How::kSpilled) host::temp_delete(kFile);
    free_pieces();
    how_ = How::kPlain;
    file_size_ = read_ = 0;
    failed_ = false;
    packed_.reset();
  }

 private:
  enum class How : uint8_t { kPlain, kCompressed, kSpilled };
  struct Piece {
    const char* data;
    uint32_t size;
    uint32_t plain_size;  // the same as `size`: not compressed
  };
  struct Header {
    uint32_t size;
    uint32_t plain_size;
  };
  static constexpr Text kFile = "chunks";

  bool add_packed(Text frame) {
    const Text packed = pack(frame);
    return how_ == How::kSpilled ? append(packed, static_cast<uint32_t>(frame.size()))
                                 : keep(copy_of(packed), frame.size());
  }

  /// Takes over `data`.
  bool keep(Text data, size_t plain_size) {
    pieces_.push_back(
        {data.data(), static_cast<uint32_t>(data.size()), static_cast<uint32_t>(plain_size)});
    bytes_ += data.size();
    return true;
  }
  void free(const Piece& piece) {
    release(piece.data);
    bytes_ -= piece.size;
  }

  static void release(const char* data) { detail::deallocate(const_cast<char*>(data)); }
  static Text copy_of(Text text) {
    auto* const copy = static_cast<char*>(detail::allocate_or_trap(text.size()));
    __builtin_memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  /// The frame, packed where that is smaller; valid until the next call.
  Text pack(Text frame) {
    const Text packed = packer_.pack(frame);
    return packed.size() < frame.size() ? packed : frame;
  }

  static void unpack(const Piece& piece, Buffer& frame) {
    frame.clear();
    char* const to = frame.extend(piece.plain_size);
    if (piece.size == piece.plain_size)
      __builtin_memcpy(to, piece.data, piece.size);
    else
      detail::packed::Unpacker({piece.data, piece.size}).unpack(to);
  }

  bool append(Text data, uint32_t plain_size) {
    const Header header{static_cast<uint32_t>(data.size()), plain_size};
    if (host::temp_append(kFile, &header, sizeof(header)) != 0) return false;
    if (host::temp_append(kFile, data.data(), data.size()) != 0) return false;
    file_size_ += sizeof(header) + data.size();
    return true;
  }

  bool next_spilled(Buffer& frame) {
    if (read_ == file_size_) return false;
    Header header{};
    failed_ = !read(&header, sizeof(header));
    if (failed_) return false;
    packed_.clear();
    char* const bytes = packed_.extend(header.size);
    failed_ = !read(bytes, header.size);
    if (failed_) return false;
    unpack({bytes, header.size, header.plain_size}, frame);
    return true;
  }
  bool read(void* to, uint32_t size) {
    const int32_t got = host::temp_read(kFile, static_cast<int64_t>(read_), to, size);
    read_ += size;
    return got >= 0 && static_cast<uint32_t>(got) == size;
  }

  void free_pieces() {
    for (const Piece& piece : pieces_) release(piece.data);
    pieces_.reset();
    next_ = 0;
    bytes_ = 0;
  }

  How how_ = How::kPlain;
  Array<Piece> pieces_;
  size_t next_ = 0;
  size_t bytes_ = 0;
  uint64_t file_size_ = 0;
  uint64_t read_ = 0;
  bool failed_ = false;
  Buffer packed_;
  detail::packed::Packer packer_;
};

}  // namespace m3u

// ChannelWriter: making a chunk of channels row by row.

namespace m3u {

/// Makes a chunk of channels row by row: rows of any chunks in any order, new ones, or both. What
/// follows add() and add_new() is about that row. Texts must live until the chunk is given; store()
/// keeps a copy.
class ChannelWriter {
 public:
  [[nodiscard]] uint32_t rows() const { return static_cast<uint32_t>(source_.size()); }
  [[nodiscard]] bool empty() const { return rows() == 0; }

  /// A row as it came in; `from` must live until the chunk is given.
  void add(const ChannelBatch& from, uint32_t row) {
    start();
    for (uint32_t i = 0; i < ChannelBatch::kColumns; ++i)
      columns_[i].push_back(from.text(static_cast<ChannelField>(i), row));
    source_.push_back(from.source(row));
    media_type_.push_back(static_cast<uint8_t>(from.media_type(row)));
    add_id(from.id(row));
    close();
    for (uint32_t i = from.directives_begin(row); i < from.directives_begin(row + 1); ++i)
      add_directive(from.directive(i));
    for (uint32_t i = from.attributes_begin(row); i < from.attributes_begin(row + 1); ++i)
      add_attribute(from.attribute(i));
  }
  /// An empty row; the host makes its id.
  void add_new(uint16_t source) {
    start();
    for (Array<Text>& column : columns_) column.push_back({});
    source_.push_back(source);
    media_type_.push_back(0);
    add_id({});
    close();
  }
  void set(ChannelField field, Text value) {
    columns_[static_cast<uint32_t>(field)].back() = value;
  }
  [[nodiscard]] Text text(ChannelField field) {
    return columns_[static_cast<uint32_t>(field)].back();
  }
  void set_media_type(MediaType type) { media_type_.back() = static_cast<uint8_t>(type); }
  /// Sets or adds an attribute, its key compared without case; an empty value removes it.
  void set_attribute(Text key, Text value) {
    const uint32_t first = attribute_first_[rows() - 1];
    for (size_t i = first; i < keys_.size(); ++i) {
      if (!equals_ascii_case(keys_[i], key)) continue;
      if (value.empty()) {
        remove_attribute(i);
      } else {
        values_[i] = value;
      }
      return;
    }
    if (!value.empty()) add_attribute({key, value});
  }
  void add_attribute(Attribute attribute) {
    keys_.push_back(attribute.key);
    values_.push_back(attribute.value);
    attribute_first_.back() = static_cast<uint32_t>(keys_.size());
  }
  void add_directive(Text line) {
    directives_.push_back(line);
    directive_first_.back() = static_cast<uint32_t>(directives_.size());
  }
  Text store(Text text) { return arena_.store(text); }
  /// Drops all rows and what was stored.
  void clear() { *this = ChannelWriter(); }

  /// The frame, as a block for Output.
  detail::Block build() {
    start();
    return detail::build(detail::ChannelParts{
        rows(),
        {},
        {lists(0), lists(1), lists(2), lists(3), lists(4), lists(5), lists(6), lists(7), lists(8)},
        source_,
        media_type_,
        channel_id_,
        attribute_first_,
        detail::TextList(keys_),
        detail::TextList(values_),
        directive_first_,
        detail::TextList(directives_)});
  }

 private:
  [[nodiscard]] detail::TextList lists(uint32_t column) const {
    return detail::TextList(columns_[column]);
  }
  /// The lists of rows begin at 0.
  void start() {
    if (!attribute_first_.empty()) return;
    attribute_first_.push_back(0);
    directive_first_.push_back(0);
  }
  void close() {
    attribute_first_.push_back(static_cast<uint32_t>(keys_.size()));
    directive_first_.push_back(static_cast<uint32_t>(directives_.size()));
  }
  /// There are no ids until a row has one; rows without one have 16 zero bytes.
  void add_id(Text id) {
    if (id.empty() && channel_id_.empty()) return;
    channel_id_.resize(size_t{16} * (rows() - 1));
    uint8_t* const bytes = channel_id_.extend(16);
    if (id.empty())
      __builtin_memset(bytes, 0, 16);
    else
      __builtin_memcpy(bytes, id.data(), 16);
  }
  void remove_attribute(size_t index) {
    for (size_t i = index + 1; i < keys_.size(); ++i) {
      keys_[i - 1] = keys_[i];
      values_[i - 1] = values_[i];
    }
    keys_.resize(keys_.size() - 1);
    values_.resize(values_.size() - 1);
    attribute_first_.back() = static_cast<uint32_t>(keys_.size());
  }

  Array<Text> columns_[ChannelBatch::kColumns];
  Array<uint16_t> source_;
  Array<uint8_t> media_type_;
  Array<uint8_t> channel_id_;
  Array<uint32_t> attribute_first_;
  Array<Text> keys_;
  Array<Text> values_;
  Array<uint32_t> directive_first_;
  Array<Text> directives_;
  Arena arena_;
};

}  // namespace m3u

// Json: reading what the host says as JSON.

namespace m3u {

/// A view of one JSON value; an empty one stands for what is not there.
class Json {
 public:
  Json() = default;
  explicit Json(Text value) : value_(trimmed(value)) {}

  [[nodiscard]] bool exists() const { return !value_.empty(); }
  [[nodiscard]] bool is_text() const { return value_.starts_with("\""); }
  /// As written, quotes and escapes included.
  [[nodiscard]] Text raw() const { return value_; }

  /// The member of an object.
  [[nodiscard]] Json operator[](Text key) const {
    Json found;
    members([&](Text name, Json value) {
      if (!found.exists() && name == key) found = value;
    });
    return found;
  }
  /// Calls member(name, value) for each member of an object; names are as written.
  template <typename F>
  void members(F&& member) const {
    if (!value_.starts_with("{")) return;
    for (size_t i = 1; i < value_.size();) {
      const size_t key = skip_space(i);
      if (key >= value_.size() || value_[key] != '"') return;
      const size_t key_end = end_of(key);
      const size_t colon = skip_space(key_end);
      const size_t begin = skip_space(colon + 1);
      const size_t end = end_of(begin);
      member(value_.substr(key + 1, key_end - key - 2), Json(value_.substr(begin, end - begin)));
      i = skip_space(end) + 1;
    }
  }
  /// Calls item(value) for each item of an array.
  template <typename F>
  void items(F&& item) const {
    if (!value_.starts_with("[")) return;
    for (size_t i = 1; i < value_.size();) {
      const size_t begin = skip_space(i);
      const size_t end = end_of(begin);
      if (end == begin) return;
      item(Json(value_.substr(begin, end - begin)));
      i = skip_space(end) + 1;
    }
  }

  /// A text without quotes and escapes, kept in `arena`; anything else as written; `fallback`
  /// when there is nothing.
  Text text(Arena& arena, Text fallback = {}) const {
    if (!exists()) return fallback;
    if (!is_text() || value_.size() < 2) return value_;
    const Text inner = value_.substr(1, value_.size() - 2);
    if (inner.find('\\') == SIZE_MAX) return inner;
    char* const begin = arena.allocate(inner.size());
    char* end = begin;
    for (size_t i = 0; i < inner.size(); ++i)
      if (inner[i] == '\\' && i + 1 < inner.size())
        i = unescape(inner, i + 1, end);
      else
        *end++ = inner[i];
    return {begin, static_cast<size_t>(end - begin)};
  }
  [[nodiscard]] double number(double fallback = 0) const {
    size_t i = 0;
    const bool negative = value_.starts_with("-");
    if (negative) ++i;
    if (i >= value_.size() || value_[i] < '0' || value_[i] > '9') return fallback;
    double result = 0;
    for (; i < value_.size() && is_digit(value_[i]); ++i) result = result * 10 + (value_[i] - '0');
    if (i < value_.size() && value_[i] == '.') {
      double unit = 0.1;
      for (++i; i < value_.size() && is_digit(value_[i]); ++i, unit /= 10)
        result += unit * (value_[i] - '0');
    }
    return negative ? -result : result;
  }
  [[nodiscard]] bool flag(bool fallback = false) const {
    return value_ == "true" || (value_ != "false" && fallback);
  }

 private:
  static constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static Text trimmed(Text text) {
    size_t begin = 0;
    size_t end = text.size();
    while (begin < end && is_space(text[begin])) ++begin;
    while (end > begin && is_space(text[end - 1])) --end;
    return text.substr(begin, end - begin);
  }
  [[nodiscard]] size_t skip_space(size_t i) const {
    while (i < value_.size() && is_space(value_[i])) ++i;
    return i;
  }
  [[nodiscard]] size_t end_of_text(size_t i) const {
    for (++i; i < value_.size() && value_[i] != '"'; ++i)
      if (value_[i] == '\\') ++i;
    return i + 1 < value_.size() ? i + 1 : value_.size();
  }
  /// Where the value that begins at `i` ends.
  [[nodiscard]] size_t end_of(size_t i) const {
    size_t depth = 0;
    while (i < value_.size()) {
      const char c = value_[i];
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ':' || is_space(c))) return i;
      if (c == '"') {
        i = end_of_text(i);
        if (depth == 0) return i;
        continue;
      }
      ++i;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return i;
    }
    return value_.size();
  }
  static uint32_t hex4(Text text, size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4 && i < text.size(); ++i) {
      const char c = ascii_lower(text[i]);
      value = value * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value;
  }
  static void append_utf8(char*& end, uint32_t c) {
    const auto tail = [&](uint32_t shift) {
      *end++ = static_cast<char>(0x80U | ((c >> shift) & 0x3fU));
    };
    if (c < 0x80) {
      *end++ = static_cast<char>(c);
    } else if (c < 0x800) {
      *end++ = static_cast<char>(0xc0U | (c >> 6U));
      tail(0);
    } else if (c < 0x10000) {
      *end++ = static_cast<char>(0xe0U | (c >> 12U));
      tail(6), tail(0);
    } else {
      *end++ = static_cast<char>(0xf0U | (c >> 18U));
      tail(12), tail(6), tail(0);
    }
  }
  /// Writes what the escape at `i`, behind its backslash, stands for; returns its last byte's
  /// place.
  static size_t unescape(Text text, size_t i, char*& end) {
    constexpr Text kNames = "bfnrt";
    constexpr Text kMeanings = "\b\f\n\r\t";
    const char c = text[i];
    if (c == 'u') {
      uint32_t code = hex4(text, i + 1);
      i += 4;
      if (code >= 0xd800 && code < 0xdc00 && text.substr(i + 1, 2) == "\\u") {
        code = 0x10000 + ((code - 0xd800) << 10U) + (hex4(text, i + 3) - 0xdc00);
        i += 6;
      }
      append_utf8(end, code);
    } else {
      const size_t name = kNames.find(c);
      *end++ = name == SIZE_MAX ? c : kMeanings[name];
    }
    return i;
  }

  Text value_;
};

}  // namespace m3u

// Config and Context: what the plugin is told by the operator, and about a generation.

namespace m3u {

/// The plugin's configuration: the manifest's [config], then what the operator set.
class Config {
 public:
  explicit Config(Text json) : text_(arena_.store(json)), json_(text_) {}
  [[nodiscard]] Json operator[](Text key) const { return json_[key]; }
  /// A text that lives as long as the plugin.
  Text text(Text key, Text fallback = {}) { return json_[key].text(arena_, fallback); }
  [[nodiscard]] double number(Text key, double fallback = 0) const {
    return json_[key].number(fallback);
  }
  [[nodiscard]] bool flag(Text key, bool fallback = false) const {
    return json_[key].flag(fallback);
  }
  /// The texts of a list; a single text is a list of one.
  Array<Text> list(Text key) {
    Array<Text> all;
    const Json value = json_[key];
    if (value.is_text()) all.push_back(value.text(arena_));
    value.items([&](Json item) { all.push_back(item.text(arena_)); });
    return all;
  }

 private:
  Arena arena_;
  Text text_;
  Json json_;
};

/// What is known when a generation begins; lives until the next one begins.
class Context {
 public:
  explicit Context(Text json) : text_(arena_.store(json)), json_(text_) {}
  [[nodiscard]] Json json() const { return json_; }
  Text proxy() { return json_["proxy"].text(arena_); }
  /// The run's time, seconds since 1970.
  [[nodiscard]] int64_t now() const { return static_cast<int64_t>(json_["now"].number()); }
  [[nodiscard]] uint32_t chunk_rows() const { return number("chunk_rows"); }
  /// The source that a source_loading plugin reads.
  [[nodiscard]] uint16_t source() const { return static_cast<uint16_t>(number("source")); }
  [[nodiscard]] PressureLevel pressure() const {
    return static_cast<PressureLevel>(number("pressure"));
  }
  /// Calls source(name, type, url) for each source, in the order of their numbers.
  template <typename F>
  void sources(F&& source) {
    json_["sources"].items([&](Json item) {
      source(item["name"].text(arena_), item["type"].text(arena_), item["url"].text(arena_));
    });
  }

 private:
  [[nodiscard]] uint32_t number(Text key) const {
    return static_cast<uint32_t>(json_[key].number());
  }
  Arena arena_;
  Text text_;
  Json json_;
};

}  // namespace m3u

// What a plugin says of itself, and what a call may come to.

namespace m3u {

enum class Stage : uint8_t {
  kNone,
  kSourceLoading,
  kDataMapping,
  kFiltering,
  kChannelNumbering,
  kM3uGeneration,
  kEpg,
};
constexpr uint32_t kStages = 7;

constexpr Text stage_name(Stage stage) {
  constexpr Text kNames[kStages] = {"",          "source_loading",    "data_mapping",
                                    "filtering", "channel_numbering", "m3u_generation",
                                    "epg"};
  return kNames[static_cast<uint32_t>(stage)];
}
constexpr Stage stage_of(Text name) {
  for (uint32_t i = 1; i < kStages; ++i)
    if (stage_name(static_cast<Stage>(i)) == name) return static_cast<Stage>(i);
  return Stage::kNone;
}

struct MemoryRequirements {
  uint32_t min_heap_mb = 1;
  uint32_t max_heap_mb = 16;
  /// Each chunk is answered with all that becomes of it. Without it all comes from finalize().
  bool supports_streaming = true;
  bool supports_compression = false;
};

/// What the host shows and chooses by; name and version are those of the manifest.
struct PluginInfo {
  Text name;
  Text version;
  Text author = {};
  Text description = {};
  Text license = {};
  Stage supported_stages[kStages] = {};
  MemoryRequirements memory_requirements = {};
};

enum class Result : int32_t {
  kBatch = 0,   // something is in the output
  kNone = 1,    // nothing to give for this call
  kDone = 2,    // of finalize() only: there is nothing more
  kError = -1,  // see fail()
};

/// Says why, and that this call failed: `return m3u::fail("no such file");`
inline Result fail(Text reason) {
  host::log(LogLevel::kError, reason);
  return Result::kError;
}

}  // namespace m3u

// ProgrammeWriter and ProgrammeEditor: making and changing a chunk of programmes.

namespace m3u {

/// Makes a chunk of programmes row by row; see ChannelWriter.
class ProgrammeWriter {
 public:
  [[nodiscard]] uint32_t rows() const { return static_cast<uint32_t>(source_.size()); }
  [[nodiscard]] bool empty() const { return rows() == 0; }

  void add(const ProgrammeBatch& from, uint32_t row) {
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      columns_[i].push_back(from.text(static_cast<ProgrammeField>(i), row));
    origin_.push_back(from.origin(row));
    source_.push_back(from.source(row));
  }
  /// An empty row; it needs a channel, a title and a start, or an element.
  void add_new(uint16_t source) {
    for (Array<Text>& column : columns_) column.push_back({});
    origin_.push_back(ProgrammeBatch::kNew);
    source_.push_back(source);
  }
  void set(ProgrammeField field, Text value) {
    columns_[static_cast<uint32_t>(field)].back() = value;
  }
  Text store(Text text) { return arena_.store(text); }
  void clear() { *this = ProgrammeWriter(); }

  detail::Block build() const {
    detail::ProgrammeParts parts{rows(), {}, {}, origin_, source_};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      parts.columns[i] = detail::TextList(columns_[i]);
    return detail::build(parts);
  }

 private:
  Array<Text> columns_[ProgrammeBatch::kColumns];
  Array<uint32_t> origin_;
  Array<uint16_t> source_;
  Arena arena_;
};

/// Changes a chunk of programmes: sets values, drops rows, and keeps everything else.
class ProgrammeEditor : public detail::Editor<ProgrammeBatch> {
 public:
  using Editor::Editor;

  [[nodiscard]] bool unchanged() const { return !any_set() && dropped_.empty(); }

  detail::Block build() const {
    if (!dropped_.empty()) return build_kept();
    detail::ProgrammeParts parts{rows(), batch_.text(), {}, batch_.origin_, batch_.source_};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i) parts.columns[i] = list(i);
    return detail::build(parts);
  }

 private:
  [[nodiscard]] detail::Block build_kept() const {
    const Array<detail::Run> kept = kept_rows();
    Array<uint32_t> origin;
    Array<uint16_t> source;
    detail::append_runs(batch_.origin_.items, kept, origin);
    detail::append_runs(batch_.source_.items, kept, source);
    Array<Text> set[ProgrammeBatch::kColumns];
    detail::ProgrammeParts parts{detail::count_of(kept), {}, {}, origin, source};
    for (uint32_t i = 0; i < ProgrammeBatch::kColumns; ++i)
      parts.columns[i] = list(i, kept, set[i]);
    return detail::build(parts);
  }
};

}  // namespace m3u

// What a plugin derives from, and where its answers go.

namespace m3u {

/// Where the answer to a call goes. Each function's result is what the call returns.
class Output {
 public:
  explicit Output(detail::Block input = {}) : input_(input) {}

  /// The chunk as it came in.
  Result input() {
    block_ = input_;
    return Result::kBatch;
  }
  /// An edited chunk; the input itself when nothing changed.
  Result give(const ChannelEditor& editor) { return give_edited(editor); }
  Result give(const ProgrammeEditor& editor) { return give_edited(editor); }
  Result give(ChannelWriter& writer) {
    block_ = writer.build();
    return Result::kBatch;
  }
  Result give(const ProgrammeWriter& writer) {
    block_ = writer.build();
    return Result::kBatch;
  }
  /// Text, or a frame that was kept; the buffer is empty afterwards.
  Result give(Buffer&& buffer) {
    const size_t size = buffer.size();
    if (size == 0) return Result::kNone;
    block_ = {buffer.release(), size};
    return Result::kBatch;
  }
  /// A copy of `bytes`.
  Result give_copy(Text bytes) {
    Buffer copy;
    copy.reserve(bytes.size());
    copy += bytes;
    return give(static_cast<Buffer&&>(copy));
  }
  [[nodiscard]] const detail::Block& block() const { return block_; }

 private:
  template <typename E>
  Result give_edited(const E& editor) {
    if (editor.unchanged() && editor.batch().frame().data() == input_.data) return input();
    block_ = editor.build();
    return Result::kBatch;
  }
  detail::Block input_;
  detail::Block block_;
};

/// One chunk, before it is looked at: a frame, or text, as the stage says.
struct Chunk {
  Stage stage;
  const void* data;
  size_t size;
};

class WasmPlugin {
 public:
  [[nodiscard]] virtual PluginInfo info() const = 0;
  /// Once for each instance; `config` lives as long as the plugin. False: the plugin cannot work,
  /// and has logged why.
  virtual bool init(Config& /*config*/) { return true; }
  /// Asked at each change of level, between two chunks: the time to switch to streaming,
  /// compressing or spilling.
  virtual bool can_handle_memory_pressure(PressureLevel /*level*/) { return true; }

 protected:
  ~WasmPlugin() = default;
};

/// A plugin for one or several stages. Overrides what its stages need.
class WasmStreamingStage : public WasmPlugin {
 public:
  /// A generation begins; what was before is to be forgotten.
  virtual bool begin(Stage /*stage*/, Context& /*context*/) { return true; }

  /// data_mapping, filtering, channel_numbering.
  virtual Result process_channels(const ChannelBatch& /*channels*/, Output& out) {
    return out.input();
  }
  /// epg.
  virtual Result process_programmes(const ProgrammeBatch& /*programmes*/, Output& out) {
    return out.input();
  }
  /// m3u_generation: whole entries.
  virtual Result process_text(Text /*entries*/, Output& out) { return out.input(); }
  /// source_loading: a piece of the source, cut anywhere.
  virtual Result process_bytes(Text /*bytes*/, Output& /*out*/) { return Result::kNone; }

  /// Any chunk; leads to one of the four above.
  virtual Result process_chunk(const Chunk& in, Output& out) {
    const Text bytes(static_cast<const char*>(in.data), in.size);
    if (in.stage == Stage::kSourceLoading) return process_bytes(bytes, out);
    if (in.stage == Stage::kM3uGeneration) return process_text(bytes, out);
    if (in.stage == Stage::kEpg) return process_programmes(ProgrammeBatch(in.data, in.size), out);
    return process_channels(ChannelBatch(in.data, in.size), out);
  }

  /// Called after the last chunk until it says kDone.
  virtual Result finalize(Output& /*out*/) { return Result::kDone; }
  /// The generation is over, whether it went well or not: free everything.
  virtual void cleanup() {}

 protected:
  ~WasmStreamingStage() = default;
};

}  // namespace m3u

// M3U_PLUGIN: the exports of a module.

namespace m3u {

namespace detail {

inline void append_json_text(Buffer& out, Text text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  out += '"';
}

inline void append_member(Buffer& out, Text key, Text value) {
  append_json_text(out, key);
  out += ": ";
  append_json_text(out, value);
  out += ", ";
}

inline Buffer to_json(const PluginInfo& info) {
  Buffer out;
  out += '{';
  append_member(out, "name", info.name);
  append_member(out, "version", info.version);
  append_member(out, "author", info.author);
  append_member(out, "description", info.description);
  append_member(out, "license", info.license);
  out += "\"supported_stages\": [";
  bool first = true;
  for (const Stage stage : info.supported_stages) {
    if (stage == Stage::kNone) continue;
    if (!first) out += ", ";
    first = false;
    append_json_text(out, stage_name(stage));
  }
  out += "], \"memory_requirements\": {\"min_heap_mb\": ";
  out.append_number(info.memory_requirements.min_heap_mb);
  out += ", \"max_heap_mb\": ";
  out.append_number(info.memory_requirements.max_heap_mb);
  out += ", \"supports_streaming\": ";
  out += info.memory_requirements.supports_streaming ? Text("true") : Text("false");
  out += ", \"supports_compression\": ";
  out += info.memory_requirements.supports_compression ? Text("true") : Text("false");
  out += "}}";
  return out;
}

/// A value that is made by hand and never destroyed: no constructors run before the host calls.
template <typename T>
class Slot {
 public:
  template <typename... A>
  T& make(A&&... arguments);
  [[nodiscard]] T* get() { return made_ ? reinterpret_cast<T*>(bytes_) : nullptr; }
  void destroy() {
    if (made_) get()->~T();
    made_ = false;
  }

 private:
  alignas(T) unsigned char bytes_[sizeof(T)] = {};
  bool made_ = false;
};

struct Place {};

}  // namespace detail
}  // namespace m3u

inline void* operator new(size_t /*size*/, m3u::detail::Place /*place*/, void* p) noexcept {
  return p;
}
inline void operator delete(void* /*p*/, m3u::detail::Place /*place*/, void* /*at*/) noexcept {}

namespace m3u::detail {

template <typename T>
template <typename... A>
T& Slot<T>::make(A&&... arguments) {
  destroy();
  T* const object = new (Place{}, bytes_) T(static_cast<A&&>(arguments)...);
  made_ = true;
  return *object;
}

#ifdef __wasm__

/// The exports of a module with one plugin.
template <typename Plugin>
struct Exports {
  static inline constinit Slot<Plugin> plugin_slot;
  static inline constinit Slot<Config> config;
  static inline constinit Slot<Context> context;
  static inline Stage stage = Stage::kNone;

  static Plugin& plugin() {
    Plugin* const made = plugin_slot.get();
    return made != nullptr ? *made : plugin_slot.make();
  }
  static int32_t finish(Result result, const Output& output, uint32_t* out) {
    if (result != Result::kBatch) return static_cast<int32_t>(result);
    out[0] = reinterpret_cast<uintptr_t>(output.block().data);
    out[1] = output.block().size;
    return 0;
  }
  static int32_t info(uint32_t* out) {
    Output output;
    const Result result = output.give(to_json(plugin().info()));
    return finish(result, output, out);
  }
  static int32_t init(const char* json, size_t size) {
    return plugin().init(config.make(Text(json, size))) ? 0 : -1;
  }
  static int32_t can_handle_memory_pressure(int32_t level) {
    return plugin().can_handle_memory_pressure(static_cast<PressureLevel>(level)) ? 1 : 0;
  }
  static int32_t begin(const char* name, size_t name_size, const char* json, size_t size) {
    stage = stage_of(Text(name, name_size));
    if (stage == Stage::kNone) return static_cast<int32_t>(fail("there is no such stage"));
    return plugin().begin(stage, context.make(Text(json, size))) ? 0 : -1;
  }
  static int32_t process_chunk(void* in, size_t size, uint32_t* out) {
    Output output({in, size});
    const Result result = plugin().process_chunk({stage, in, size}, output);
    return finish(result, output, out);
  }
  static int32_t finalize(uint32_t* out) {
    Output output;
    const Result result = plugin().finalize(output);
    return finish(result, output, out);
  }
  static void cleanup() {
    plugin().cleanup();
    context.destroy();
  }
};

#endif

}  // namespace m3u::detail

#ifdef M3U_FREESTANDING
// What the compiler calls where there is no library.
extern "C" {
void __wasm_call_ctors();
__attribute__((weak)) void __cxa_pure_virtual() { __builtin_trap(); }
__attribute__((weak)) int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
}
__attribute__((weak)) void* operator new(size_t size) {
  return m3u::detail::allocate_or_trap(size);
}
__attribute__((weak)) void* operator new[](size_t size) { return operator new(size); }
__attribute__((weak)) void operator delete(void* p) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete[](void* p) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete(void* p, size_t) noexcept { m3u::detail::deallocate(p); }
__attribute__((weak)) void operator delete[](void* p, size_t) noexcept {
  m3u::detail::deallocate(p);
}
#define M3U_INITIALIZE \
  __attribute__((export_name("_initialize"))) void m3u_export_initialize() { __wasm_call_ctors(); }
#else
#define M3U_INITIALIZE  // wasi-libc has one
#endif

/// Makes `Type`, derived from WasmStreamingStage, this module's plugin. Once, outside namespaces.
#ifdef __wasm__
#define M3U_EXPORT(name) __attribute__((export_name(#name)))
#define M3U_PLUGIN(Type)                                                                          \
  extern "C" {                                                                                    \
  M3U_INITIALIZE                                                                                  \
  M3U_EXPORT(m3u_abi_version) int32_t m3u_abi_version() { return 1; }                             \
  M3U_EXPORT(m3u_alloc) void* m3u_alloc(size_t size) { return m3u::detail::allocate(size); }      \
  M3U_EXPORT(m3u_free) void m3u_free(void* p, size_t) { m3u::detail::deallocate(p); }             \
  M3U_EXPORT(m3u_info) int32_t m3u_info(uint32_t* out) {                                          \
    return m3u::detail::Exports<Type>::info(out);                                                 \
  }                                                                                               \
  M3U_EXPORT(m3u_init) int32_t m3u_init(const char* config, size_t size) {                        \
    return m3u::detail::Exports<Type>::init(config, size);                                        \
  }                                                                                               \
  M3U_EXPORT(m3u_can_handle_memory_pressure)                                                      \
  int32_t m3u_can_handle_memory_pressure(int32_t level) {                                         \
    return m3u::detail::Exports<Type>::can_handle_memory_pressure(level);                         \
  }                                                                                               \
  M3U_EXPORT(m3u_begin)                                                                           \
  int32_t m3u_begin(const char* stage, size_t stage_size, const char* context, size_t size) {     \
    return m3u::detail::Exports<Type>::begin(stage, stage_size, context, size);                   \
  }                                                                                               \
  M3U_EXPORT(m3u_process_chunk) int32_t m3u_process_chunk(void* in, size_t size, uint32_t* out) { \
    return m3u::detail::Exports<Type>::process_chunk(in, size, out);                              \
  }                                                                                               \
  M3U_EXPORT(m3u_finalize) int32_t m3u_finalize(uint32_t* out) {                                  \
    return m3u::detail::Exports<Type>::finalize(out);                                             \
  }                                                                                               \
  M3U_EXPORT(m3u_cleanup) void m3u_cleanup() { m3u::detail::Exports<Type>::cleanup(); }           \
  }
#else
#define M3U_PLUGIN(Type) static_assert(sizeof(Type) != 0);
#endif

// TextSet: texts, each once.

namespace m3u {

/// Texts, each once, in a hash table that is at most half full. Copies what is added.
class TextSet {
 public:
  /// Whether the text is new.
  bool add(Text text) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slot_of(text);
    if (slot.used) return false;
    slot = {arena_.store(text), true};
    ++size_;
    return true;
  }
  [[nodiscard]] size_t size() const { return size_; }
  /// Drops the texts and gives the memory back.
  void reset() { *this = TextSet(); }

 private:
  struct Slot {
    Text text;
    bool used = false;
  };

  /// Where the text is, or its place.
  Slot& slot_of(Text text) {
    uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
    for (size_t i = hash;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (!slot.used || slot.text == text) return slot;
    }
  }
  void grow() {
    const Array<Slot> old = static_cast<Array<Slot>&&>(slots_);
    slots_.resize(old.empty() ? 1024 : 2 * old.size());
    for (const Slot& slot : old)
      if (slot.used) slot_of(slot.text) = slot;
  }

  Array<Slot> slots_;
  Arena arena_;
  size_t size_ = 0;
};

}  // namespace m3u
