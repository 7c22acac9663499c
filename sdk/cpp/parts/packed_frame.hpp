// Packed frames: chunks of channels, a third to a half as large, in a fraction of the time that a
// general compressor takes. It knows what is in a frame: offsets that grow by a little, and columns
// of texts of which most begin as the one before (front coding). What comes out of unpack() is the
// frame that went in, byte for byte. Its own format, for its own data only; unpack() trusts it.
//
// A packed frame: Head, its Regions in the order of their places, then what each piece of the frame
// became in the order in which unpack() needs it: first what is outside the text, then the text.
#pragma once

#include "batches.hpp"

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
