// SeenNames and SpilledNames: which channel names were there before, in memory or with the help of
// temporary files. Both give the same answers.
#pragma once

#include <m3u_plugin.hpp>

/// 128 bits that stand for a name; 0, 0 for one without letters and digits, which is never known.
struct NameKey {
  uint64_t a = 0;
  uint64_t b = 0;
  friend bool operator==(const NameKey&, const NameKey&) = default;
  [[nodiscard]] bool empty() const { return a == 0 && b == 0; }
};

namespace name_keys {

inline uint64_t mixed(uint64_t value) {
  value ^= value >> 32U;
  value *= 0xd6e8feb86659fd93U;
  value ^= value >> 32U;
  value *= 0xd6e8feb86659fd93U;
  return value ^ (value >> 32U);
}

inline void add(uint64_t word, NameKey& key) {
  key.a = (key.a ^ word) * 0x9e3779b97f4a7c15U;
  key.a ^= key.a >> 29U;
  key.b = (key.b + word) * 0xc2b2ae3d27d4eb4fU;
  key.b ^= key.b >> 31U;
}

}  // namespace name_keys

#ifdef __wasm_simd128__
/// For each set of eight bytes where those that count are, one behind the other.
struct Places {
  constexpr Places() {
    for (uint32_t set = 0; set < 256; ++set) {
      uint32_t count = 0;
      for (uint32_t i = 0; i < 8; ++i)
        if ((set >> i & 1U) != 0) bytes[set] |= static_cast<uint64_t>(i) << (8 * count++);
      for (; count < 8; ++count) bytes[set] |= uint64_t{0x80} << (8 * count);  // nothing
    }
  }
  uint64_t bytes[256] = {};
};
inline constexpr Places kPlaces;
#endif

/// The bytes of a name that count, eight at a time: letters in lower case, digits and everything
/// beyond ASCII; the rest not at all.
class Folded {
 public:
  explicit Folded(NameKey& key) : key_(key) {}

  [[gnu::always_inline]] void add(m3u::Text name) {
    size_t i = 0;
    for (; i + 16 <= name.size(); i += 16) add16(name.data() + i);
    if (i == name.size()) return;
    char rest[16] = {};
    m3u::copy_short(rest, name.data() + i, name.size() - i);
    add16(rest);
  }
  /// Whether there was anything at all.
  bool finish() {
    if (words_ == 0 && filled_ == 0) return false;
    if (filled_ != 0) name_keys::add(word_, key_);
    name_keys::add(8 * words_ + filled_ / 8, key_);
    return true;
  }

 private:
#ifdef __wasm_simd128__
  [[gnu::always_inline]] void add16(const char* p) {
    const auto between = [](v128_t bytes, uint8_t first, uint8_t last) {
      const v128_t distance = wasm_i8x16_sub(bytes, wasm_u8x16_splat(first));
      return wasm_u8x16_le(distance, wasm_u8x16_splat(static_cast<uint8_t>(last - first)));
    };
    v128_t bytes = wasm_v128_load(p);
    const v128_t upper = between(bytes, 'A', 'Z');
    bytes = wasm_v128_or(bytes, wasm_v128_and(upper, wasm_u8x16_splat(0x20)));
    const v128_t counts =
        wasm_v128_or(wasm_v128_or(between(bytes, 'a', 'z'), between(bytes, '0', '9')),
                     wasm_i8x16_lt(bytes, wasm_i8x16_splat(0)));
    const uint32_t set = wasm_i8x16_bitmask(counts);
    const uint32_t low = set & 0xffU;
    const uint32_t high = set >> 8U;
    const v128_t places =
        wasm_u64x2_make(kPlaces.bytes[low], kPlaces.bytes[high] + 0x0808080808080808U);
    const v128_t kept = wasm_i8x16_swizzle(bytes, places);
    append(wasm_u64x2_extract_lane(kept, 0), 8 * static_cast<uint32_t>(__builtin_popcount(low)));
    append(wasm_u64x2_extract_lane(kept, 1), 8 * static_cast<uint32_t>(__builtin_popcount(high)));
  }
#else
  [[gnu::always_inline]] void add16(const char* p) {
    for (size_t i = 0; i < 16; ++i) {
      const char c = m3u::ascii_lower(p[i]);
      const bool counts =
          (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<uint8_t>(c) >= 0x80;
      if (counts) append(static_cast<uint8_t>(c), 8);
    }
  }
#endif
  [[gnu::always_inline]] void append(uint64_t bytes, uint32_t bits) {
    word_ |= bytes << filled_;
    const uint32_t filled = filled_ + bits;
    if (filled < 64) {
      filled_ = filled;
      return;
    }
    name_keys::add(word_, key_);
    ++words_;
    word_ = bytes >> 1U >> (63 - filled_);  // all of it may be used up
    filled_ = filled - 64;
  }

  NameKey& key_;
  uint64_t word_ = 0;
  uint32_t filled_ = 0;  // bits of it
  uint64_t words_ = 0;
};

/// Letters, digits and everything beyond ASCII count, ASCII letters without regard to case.
inline NameKey name_key(m3u::Text name) {
  NameKey key{0x243f6a8885a308d3U, 0x13198a2e03707344U};
  Folded folded(key);
  folded.add(name);
  if (!folded.finish()) return {};
  return {name_keys::mixed(key.a), name_keys::mixed(key.b) | 1U};
}

/// Keys one behind the other, and a hash table of their places, at most half full: a place and
/// another 32 bits of its key, so that hardly a key is compared that is another.
class SeenNames {
 public:
  /// Makes room for these keys and fetches from memory what they will be compared with: all at
  /// once that takes a fraction of the time it takes one by one.
  void expect(const m3u::Array<NameKey>& keys) {
    while (2 * (keys_.size() + keys.size()) > slots_.size()) grow();
    uint64_t all = 0;
    for (const NameKey& key : keys) all |= slots_[first_slot(key)];
    fetched_ = all;
  }
  /// Whether the key was there before; it is afterwards.
  bool is_known(NameKey key) {
    if (key.empty()) return false;
    if (2 * (keys_.size() + 1) > slots_.size()) grow();
    const uint64_t tag = key.a >> 32U << 32U;
    size_t slot = first_slot(key);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
      if ((slots_[slot] ^ tag) >> 32U == 0 && keys_[static_cast<uint32_t>(slots_[slot]) - 1] == key)
        return true;
    keys_.push_back(key);
    slots_[slot] = tag | keys_.size();
    return false;
  }
  [[nodiscard]] size_t bytes() const {
    return slots_.size() * sizeof(uint64_t) + keys_.size() * sizeof(NameKey);
  }
  /// Forgets all and gives the memory back.
  void reset() {
    slots_.reset();
    keys_.reset();
  }
  /// Forgets all and keeps room for `count`.
  void clear(size_t count) {
    size_t size = 1024;
    while (size < 2 * (count + 1)) size *= 2;
    slots_.clear();
    slots_.resize(size);
    keys_.clear();
    keys_.reserve(count);
  }

 private:
  [[nodiscard]] size_t first_slot(NameKey key) const {
    return static_cast<size_t>(key.a) & (slots_.size() - 1);
  }
  void grow() {
    const size_t size = slots_.empty() ? 1024 : 2 * slots_.size();
    slots_.reset();
    slots_.resize(size);
    for (size_t i = 0; i < keys_.size(); ++i) {
      size_t slot = first_slot(keys_[i]);
      while (slots_[slot] != 0) slot = (slot + 1) & (size - 1);
      slots_[slot] = keys_[i].a >> 32U << 32U | (i + 1);
    }
  }

  m3u::Array<uint64_t> slots_;  // 0: nothing
  m3u::Array<NameKey> keys_;
  uint64_t fetched_ = 0;  // so that fetching is not optimised away
};

/// Keys go to one of 16 parts by their first bits; what of a part has no room in memory goes to its
/// temporary file. Each part is looked at on its own, in several passes if it has too many keys for
/// the table, and gives the numbers of the rows that are duplicates; rows then ask in their order.
class SpilledNames {
 public:
  /// Before the first key.
  void start() {
    reset();
    for (uint64_t i = 0; i < kParts; ++i) m3u::host::temp_delete(Name(i));
    m3u::host::temp_delete(kDuplicates);
  }

  /// The key of the next row. False: the temporary file failed.
  bool add(NameKey key) {
    const uint32_t row = rows_++;
    if (key.empty()) return true;
    const uint64_t index = key.a >> 60U;
    Part& part = parts_[index];
    if (part.waiting.empty()) part.waiting.reserve(kWaiting);
    part.waiting.push_back({key.a, static_cast<uint32_t>(key.b), row});
    return part.waiting.size() < kWaiting || flush(index);
  }

  /// Finds the duplicates. False: a temporary file failed.
  bool resolve() {
    SeenNames table;
    for (uint64_t i = 0; i < kParts; ++i) {
      if (!resolve_part(i, table)) return false;
      m3u::host::temp_delete(Name(i));
    }
    return read_window(0);
  }

  /// Whether the next row is a duplicate; see failed().
  bool take_is_duplicate() {
    if (taken_ - window_ == kWindow) failed_ = !read_window(taken_) || failed_;
    const uint32_t place = taken_++ - window_;
    return (bits_[place / 8] >> (place % 8) & 1U) != 0;
  }

  [[nodiscard]] bool failed() const { return failed_; }

  void reset() {
    if (filed_duplicates_ != 0) m3u::host::temp_delete(kDuplicates);
    failed_ = false;
    for (Part& part : parts_) part = Part();
    duplicates_.reset();
    bits_.reset();
    rows_ = taken_ = window_ = 0;
    filed_duplicates_ = 0;
  }

 private:
  static constexpr uint64_t kParts = 16;
  static constexpr size_t kWaiting = 7000;          // keys of a part in memory: 1.8 MB in all
  static constexpr uint64_t kTable = 120000;        // keys in the table at a time
  static constexpr size_t kBlock = 2048;            // keys that are read at a time
  static constexpr size_t kMostNoted = 4 * kBlock;  // rows that are duplicates, in memory
  static constexpr uint32_t kWindow = 1U << 23U;    // rows whose answers are in memory
  static constexpr m3u::Text kDuplicates = "duplicates";

  struct Entry {
    uint64_t a;
    uint32_t b;  // of the key: 96 bits are enough for any list
    uint32_t row;
  };
  struct Part {
    uint64_t filed = 0;  // keys in its file
    m3u::Array<Entry> waiting;
  };
  /// The name of a part's file.
  class Name {
   public:
    explicit Name(uint64_t part) {
      text_[4] = static_cast<char>('0' + part / 10);
      text_[5] = static_cast<char>('0' + part % 10);
    }
    operator m3u::Text() const { return {text_, 6}; }

   private:
    char text_[6] = {'k', 'e', 'y', 's', '0', '0'};
  };

  bool flush(uint64_t i) {
    Part& part = parts_[i];
    const size_t size = part.waiting.size() * sizeof(Entry);
    const bool good = m3u::host::temp_append(Name(i), part.waiting.data(), size) == 0;
    part.filed += part.waiting.size();
    part.waiting.clear();
    return good;
  }

  bool resolve_part(uint64_t i, SeenNames& table) {
    Part& part = parts_[i];
    const uint64_t keys = part.filed + part.waiting.size();
    const uint64_t passes = keys / kTable + 1;
    m3u::Array<Entry> block;
    for (uint64_t pass = 0; pass < passes; ++pass) {
      table.clear(static_cast<size_t>(keys < kTable ? keys : kTable));
      const auto note_known = [&](const m3u::Array<Entry>& entries) {
        for (const Entry& entry : entries)
          if (entry.b / 2 % passes == pass && table.is_known({entry.a, entry.b}) &&
              !note(entry.row))
            return false;
        return true;
      };
      for (uint64_t at = 0; at < part.filed; at += block.size()) {
        const uint64_t left = part.filed - at;
        block.clear();
        block.extend(left < kBlock ? static_cast<size_t>(left) : kBlock);
        if (!read(Name(i), at * sizeof(Entry), block.data(), block.size() * sizeof(Entry)) ||
            !note_known(block))
          return false;
      }
      if (!note_known(part.waiting)) return false;
    }
    part.waiting.reset();
    return true;
  }

  bool note(uint32_t row) {
    duplicates_.push_back(row);
    if (duplicates_.size() < kMostNoted) return true;
    const size_t size = duplicates_.size() * sizeof(uint32_t);
    const bool good = m3u::host::temp_append(kDuplicates, duplicates_.data(), size) == 0;
    filed_duplicates_ += duplicates_.size();
    duplicates_.clear();
    return good;
  }

  /// Reads the answers for the rows from `first` on.
  bool read_window(uint32_t first) {
    window_ = first;
    const uint32_t rows = rows_ - first < kWindow ? rows_ - first : kWindow;
    bits_.clear();
    bits_.resize(rows / 8 + 1);
    const auto mark = [&](const m3u::Array<uint32_t>& duplicates) {
      for (const uint32_t row : duplicates)
        if (row - first < rows)
          bits_[(row - first) / 8] |= static_cast<uint8_t>(1U << ((row - first) % 8));
    };
    m3u::Array<uint32_t> block;
    for (uint64_t at = 0; at < filed_duplicates_; at += block.size()) {
      block.clear();
      block.extend(kMostNoted);  // they were written so many at a time
      if (!read(kDuplicates, at * sizeof(uint32_t), block.data(), block.size() * sizeof(uint32_t)))
        return false;
      mark(block);
    }
    mark(duplicates_);
    return true;
  }

  static bool read(m3u::Text name, uint64_t offset, void* to, size_t size) {
    const int32_t got = m3u::host::temp_read(name, static_cast<int64_t>(offset), to, size);
    return got >= 0 && static_cast<size_t>(got) == size;
  }

  Part parts_[kParts];
  uint32_t rows_ = 0;
  m3u::Array<uint32_t> duplicates_;  // what is not in the file
  uint64_t filed_duplicates_ = 0;
  m3u::Array<uint8_t> bits_;
  uint32_t window_ = 0;
  uint32_t taken_ = 0;
  bool failed_ = false;
};
