// RecordSorter: brings any number of small records into order, in the memory it gets: in memory
// while they fit, else as sorted runs on disk that are merged. The order is the same either way;
// equal records stay in the order they came in.
//
//   RecordSorter<std::uint64_t, AscendingNumbers> sorter(budget, spill);
//   M3U_CHECK(sorter.add(7)); …  M3U_CHECK(sorter.finish());
//   while (true) { M3U_TRY(const bool more, sorter.next(number)); if (!more) break; … }
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include <m3u_proxy/io/buffer.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/memory/pages.hpp>
#include <m3u_proxy/spill/sorter_runs.hpp>

namespace m3u_proxy::spill {

struct SorterOptions {
  memory::Tag tag = memory::Tag::kSpool;
  /// Records beyond this go to disk. Never more than an eighth of what the Budget's limit leaves to
  /// jobs, nor less than a small minimum.
  Bytes memory = mib(32);
};

/// Numbers in rising order. A comparison with a `prefix()` (numbers in the same order as the
/// records) lets the sorter do without most comparisons.
struct AscendingNumbers {
  bool operator()(std::uint64_t a, std::uint64_t b) const { return a < b; }
  static std::uint64_t prefix(std::uint64_t number) { return number; }
};

/// Sorts `records` stably, with `scratch` of the same size.
template <typename T, typename Less>
void sort_records(std::span<T> records, std::span<T> scratch, const Less& less);

/// The memory that a sorter's records may take at most.
Bytes most_sorter_memory(const memory::Budget& budget, const SorterOptions& options);
/// Doubles `buffer` within `most`, as far as the Budget grants. False when it stays as it is.
Result<bool> grow_sorter_memory(io::Buffer& buffer, memory::Budget& budget, memory::Tag tag,
                                Bytes most);

/// Not thread-safe. What it takes from must outlive it.
template <typename T, typename Less = std::less<T>>
class RecordSorter {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kSorterBlock / 16);

 public:
  using Options = SorterOptions;

  /// Without `space` all records must fit in memory.
  RecordSorter(memory::Budget& budget, spill::SpillSpace* space, Options options = {},
               Less less = {})
      : budget_(&budget),
        options_(options),
        runs_(budget, space, options.tag, Form{std::move(less)}) {}

  /// Errors: kOverBudget, kDiskFull, kIo.
  Result<> add(const T& record) {
    if (used_ == capacity()) M3U_CHECK(make_room());
    records()[used_++] = record;
    ++size_;
    return {};
  }
  /// To be called after the last add(). Errors: kDiskFull, kIo, kOverBudget.
  Result<> finish() {
    if (runs_.empty()) {
      sort();
      buffer_.shrink(used_ * sizeof(T));  // no more sorting
      at_ = 0;
      return {};
    }
    if (used_ != 0) M3U_CHECK(spill());
    buffer_.shrink(runs_.merge_memory());
    return rewind();
  }
  /// The next record in order; false behind the last. Errors: kIo, kOverBudget.
  Result<bool> next(T& record) {
    if (runs_.empty()) {
      if (at_ == used_) return false;
      record = records()[at_++];
      return true;
    }
    M3U_TRY(const char* const found, runs_.next());
    if (found == nullptr) return false;
    std::memcpy(static_cast<void*>(&record), found, sizeof(T));
    return true;
  }
  /// After finish(): before the first record again. Errors: as finish().
  Result<> rewind() {
    at_ = 0;
    if (runs_.empty()) return {};
    return memory::guarded([&] { return runs_.open(buffer_.bytes()); });
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool on_disk() const { return !runs_.empty(); }
  [[nodiscard]] Bytes footprint() const { return {buffer_.size()}; }
  /// Drops all records and gives memory and disk back.
  void clear() {
    runs_.clear();
    buffer_ = {};
    used_ = at_ = 0;
    size_ = 0;
  }

 private:
  struct Form {
    Less order;
    [[nodiscard]] std::size_t size(const char* /*record*/) const { return sizeof(T); }
    [[nodiscard]] bool less(const char* a, const char* b) const {
      std::array<T, 2> records;
      std::memcpy(static_cast<void*>(records.data()), a, sizeof(T));
      std::memcpy(static_cast<void*>(records.data() + 1), b, sizeof(T));
      return order(records[0], records[1]);
    }
  };

  [[nodiscard]] T* records() const { return reinterpret_cast<T*>(buffer_.data()); }
  /// Half of the memory is for sorting.
  [[nodiscard]] std::size_t capacity() const { return buffer_.size() / sizeof(T) / 2; }

  Result<> make_room() {
    if (buffer_.size() == 0) M3U_CHECK(runs_.prepare());
    M3U_TRY(const bool grown, grow_sorter_memory(buffer_, *budget_, options_.tag,
                                                 most_sorter_memory(*budget_, options_)));
    if (grown) return {};
    if (!runs_.can_spill() || buffer_.size() < kLeastSorterMemory)
      return fail(
          budget_->over_budget(options_.tag, Bytes{std::max(buffer_.size(), kSorterBlock)}));
    return spill();
  }
  void sort() {
    sort_records(std::span(records(), used_), std::span(records() + capacity(), used_),
                 runs_.form().order);
  }
  Result<> spill() {
    sort();
    const std::span<char> block = buffer_.bytes().last(kSorterBlock);  // of the half for sorting
    const auto write = [this](SorterRunWriter& writer) -> Result<> {
      for (std::size_t i = 0; i < used_; ++i)
        M3U_CHECK(writer.append({reinterpret_cast<const char*>(records() + i), sizeof(T)}));
      return {};
    };
    M3U_CHECK(memory::guarded([&] { return runs_.add_run(block, write); }));
    used_ = 0;
    // The limit may have been lowered since.
    buffer_.shrink(most_sorter_memory(*budget_, options_).count);
    return {};
  }

  memory::Budget* budget_;
  Options options_;
  SorterRuns<Form> runs_;
  io::Buffer buffer_;
  std::size_t used_ = 0;  // records in the buffer
  std::size_t at_ = 0;
  std::uint64_t size_ = 0;
};

namespace detail {

constexpr std::size_t kInsertionSort = 16;

template <typename T, typename Less>
void insertion_sort(std::span<T> records, const Less& less) {
  for (std::size_t i = 1; i < records.size(); ++i) {
    const T record = records[i];
    std::size_t to = i;
    for (; to != 0 && less(record, records[to - 1]); --to) records[to] = records[to - 1];
    records[to] = record;
  }
}

template <typename T, typename Less>
void merge_sort(std::span<T> records, std::span<T> scratch, const Less& less) {
  const std::size_t size = records.size();
  for (std::size_t i = 0; i < size; i += kInsertionSort)
    insertion_sort(records.subspan(i, std::min(kInsertionSort, size - i)), less);
  std::span<T> from = records;
  std::span<T> to = scratch.first(size);
  for (std::size_t width = kInsertionSort; width < size; width *= 2, std::swap(from, to))
    for (std::size_t i = 0; i < size; i += 2 * width) {
      const std::size_t middle = std::min(i + width, size);
      const std::size_t end = std::min(i + 2 * width, size);
      std::merge(from.begin() + static_cast<std::ptrdiff_t>(i),
                 from.begin() + static_cast<std::ptrdiff_t>(middle),
                 from.begin() + static_cast<std::ptrdiff_t>(middle),
                 from.begin() + static_cast<std::ptrdiff_t>(end),
                 to.begin() + static_cast<std::ptrdiff_t>(i), less);
    }
  if (from.data() != records.data()) std::ranges::copy(from, records.begin());
}

template <typename Less, typename T>
concept HasPrefix = requires(const Less& less, const T& record) {
  { less.prefix(record) } -> std::same_as<std::uint64_t>;
};

constexpr unsigned kDigit = 11;  // bits

/// Orders by kDigit bits of the prefix from bit `shift` on, stably.
template <typename T, typename Less>
void sort_by_digit(std::span<const T> from, std::span<T> to, unsigned shift, const Less& less) {
  constexpr std::size_t kDigits = std::size_t{1} << kDigit;
  const auto digit = [&](const T& record) { return less.prefix(record) >> shift & (kDigits - 1); };
  std::array<std::size_t, kDigits> next{};
  for (const T& record : from) ++next[digit(record)];
  std::size_t begin = 0;
  for (std::size_t& place : next) begin += std::exchange(place, begin);
  for (const T& record : from) to[next[digit(record)]++] = record;
}

/// By the top 22 bits of the prefix at once, then what is equal in them by comparison.
template <typename T, typename Less>
void prefix_sort(std::span<T> records, std::span<T> scratch, const Less& less) {
  constexpr unsigned kShift = 64 - 2 * kDigit;
  sort_by_digit(std::span<const T>(records), scratch.first(records.size()), kShift, less);
  sort_by_digit(std::span<const T>(scratch.first(records.size())), records, kShift + kDigit, less);
  for (std::size_t begin = 0, end = 0; begin < records.size(); begin = end) {
    const std::uint64_t prefix = less.prefix(records[begin]) >> kShift;
    for (end = begin + 1; end < records.size() && less.prefix(records[end]) >> kShift == prefix;)
      ++end;
    const std::span<T> equal = records.subspan(begin, end - begin);
    if (equal.size() > 1) merge_sort(equal, scratch, less);
  }
}

}  // namespace detail

template <typename T, typename Less>
void sort_records(std::span<T> records, std::span<T> scratch, const Less& less) {
  if constexpr (detail::HasPrefix<Less, T>) {
    constexpr std::size_t kWorthCounting = 4096;
    if (records.size() >= kWorthCounting) {
      detail::prefix_sort(records, scratch, less);
      return;
    }
  }
  detail::merge_sort(records, scratch, less);
}

}  // namespace m3u_proxy::spill
