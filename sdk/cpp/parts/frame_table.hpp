// Reading the FlatBuffers tables of a frame.
#pragma once

#include "platform.hpp"

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
