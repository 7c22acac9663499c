// ChannelNumbers: gives every channel of a playlist its own number.
//
// Numbers that the sources ask for are reserved first; who comes too late gets the next free one
// above it. Finding the next free number walks compressed intervals (Roaring bitmaps), never
// number by number, so a million times "1" costs no more than a million different ones.
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <roaring/roaring.hh>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/catalog/key_set.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::pipeline {

/// A number as channels carry it: 7, or 5.1 with its fraction as written.
struct ChannelNumber {
  static constexpr std::uint32_t kMax = 0x7FFFFFFF;
  std::uint32_t whole = 0;    ///< 1 to kMax
  std::string_view fraction;  ///< up to 3 digits, not only zeros; "" for whole numbers
};

/// Reads "7", "007", "84.0", "5.10"; nullopt when it is no number a channel can have.
std::optional<ChannelNumber> parse_channel_number(std::string_view text);

class ChannelNumbers {
 public:
  /// `start`: the first number given to channels that ask for none, 1 to kMax.
  ChannelNumbers(memory::Budget& budget, std::uint32_t start);

  /// First pass, any order: a kept channel asks for this number.
  void ask(std::string_view number);
  /// Between the passes: what was asked for is taken from the free numbers.
  void reserve_asked();
  /// Second pass, in output order: the number of a channel that asked for `number` ("" or anything
  /// invalid: for none). The text is valid until the next call.
  std::string_view assign(std::string_view number);
  /// The next free number from `first` on, whatever was asked for (sequential numbering).
  std::string_view assign_from(std::uint32_t first);
  /// Brings the reservation up to date with what the sets hold. Error: kOverBudget.
  Result<> account();
  /// What was accounted for last.
  [[nodiscard]] Bytes footprint() const { return reservation_.size(); }
  /// Drops everything and gives the memory back.
  void clear();

 private:
  void extend_to(std::uint32_t number);
  void look_ahead(std::uint32_t from);
  void settle();
  std::uint32_t free_from(std::uint32_t wish);
  std::string_view write(std::uint32_t number);

  memory::Budget* budget_;
  std::uint32_t start_;
  std::uint32_t cursor_;     // no number in [start_, cursor_) is free
  Roaring asked_;            // whole numbers asked for
  Roaring given_;            // of these, the ones that their first asker has
  Roaring free_;             // free numbers up to known_
  std::uint32_t known_ = 0;  // beyond it every number is free
  // Free numbers are looked up many at a time: all from ahead_from_ on up to the last of these.
  // The first ahead_next_ of them are given, and leave free_ together.
  std::vector<std::uint32_t> ahead_;
  std::size_t ahead_next_ = 0;
  std::uint32_t ahead_count_ = 1;
  std::uint32_t ahead_from_ = 0;
  catalog::KeySet given_fractions_;  // numbers with a fraction that are taken
  memory::Reservation reservation_;
  std::array<char, 16> digits_{};
};

}  // namespace m3u_proxy::pipeline
