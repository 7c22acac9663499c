// Array, Buffer and Arena: what there is in place of std::vector and std::string.
#pragma once

#include "memory.hpp"

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
