// NumberSet: which channel numbers are taken, and the next one that is not.
//
// Numbers are kept in pages of 2^16, each as a short sorted list or as a bitmap, so a million
// numbers take from 128 KB (in a row) to about 4 MB (scattered), all charged to the Budget before
// it is allocated. A set only grows. Not thread-safe. Throws memory::OverBudget.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <vector>

#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::channels {

class NumberSet {
 public:
  static constexpr std::uint32_t kMax = 0x7FFFFFFF;

  explicit NumberSet(memory::Budget& budget);
  NumberSet(const NumberSet&) = delete;
  NumberSet& operator=(const NumberSet&) = delete;

  /// Adds a number of 0 to kMax; false when it is there already.
  bool insert(std::uint32_t number);
  /// The least number ≥ `from` that is not there; nullopt when there is none up to kMax.
  std::optional<std::uint32_t> next_absent(std::uint32_t from);
  /// Memory the set takes.
  [[nodiscard]] Bytes footprint() const { return footprint_; }
  /// How many numbers are there. Takes as long as there are pages.
  [[nodiscard]] std::uint64_t size() const;
  /// Drops all numbers and gives the memory back.
  void clear();

 private:
  /// Empty, or a sorted list of fewer than kListed numbers, or a bitmap, or (count kPageNumbers)
  /// nothing because all numbers are there.
  struct Page {
    explicit Page(std::pmr::memory_resource* memory) : words(memory) {}
    std::uint32_t count = 0;
    std::pmr::vector<std::uint16_t> words;
  };
  static constexpr std::uint32_t kPageNumbers = 1U << 16U;
  static constexpr std::uint32_t kListed = 1024;
  static constexpr std::uint32_t kBitmapWords = kPageNumbers / 16;
  static constexpr std::uint32_t kWordsOfStep = 4;

  bool insert_listed(Page& page, std::uint16_t low);
  static bool insert_in_bitmap(Page& page, std::uint16_t low);
  void to_bitmap(Page& page);
  static std::uint32_t first_absent(const Page& page, std::uint32_t low);

  memory::BudgetResource memory_;
  std::pmr::vector<Page> pages_;
  Bytes footprint_{};
  // No number of [looked_from_, looked_to_) is absent: who asks again goes on from there.
  std::uint32_t looked_from_ = 0;
  std::uint32_t looked_to_ = 0;
};

}  // namespace m3u_proxy::channels
