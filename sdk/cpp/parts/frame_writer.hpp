// Writing a frame in one block: lists of texts and of numbers, kept as they are or new.
#pragma once

#include "column.hpp"

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
