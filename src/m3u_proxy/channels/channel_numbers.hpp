// ChannelNumbers: gives every channel of a playlist its own number.
//
// Numbers that people gave are reserved first, then those that the sources ask for; who comes too
// late gets the next free one above it. Finding the next free number goes on from where the last
// search ended and looks at many numbers at a time, so a million times "1" costs no more than a
// million different ones. Not thread-safe. Throws memory::OverBudget.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/channels/number_set.hpp>
#include <m3u_proxy/memory/budget.hpp>
#include <m3u_proxy/spill/key_set.hpp>

namespace m3u_proxy::channels {

/// A number as channels carry it: 7, or 5.1 with its fraction as written.
struct ChannelNumber {
  static constexpr std::uint32_t kMax = NumberSet::kMax;
  std::uint32_t whole = 0;    ///< 1 to kMax
  std::string_view fraction;  ///< up to 3 digits, not only zeros; "" for whole numbers
};

/// Reads "7", "007", "84.0", "5.10"; nullopt when it is no number a channel can have.
std::optional<ChannelNumber> parse_channel_number(std::string_view text);

class ChannelNumbers {
 public:
  /// `start`: the first number given to channels that ask for none, 1 to kMax.
  ChannelNumbers(memory::Budget& budget, std::uint32_t start);

  /// Before the first assign(), any order: a kept channel asks for this number.
  void ask(std::string_view number);
  /// Likewise: a person gave a kept channel this number.
  void give(std::string_view number);
  /// Second pass, in output order: the number of a channel that asked for `number` ("" or anything
  /// invalid: for none). The text is valid until the next call.
  std::string_view assign(std::string_view number);
  /// The same for a channel with a number that give() heard of: nobody but another such channel
  /// can have it already.
  std::string_view assign_given(std::string_view number);
  /// The next free number from `first` on, whatever was asked for (sequential numbering).
  std::string_view assign_from(std::uint32_t first);
  /// Memory the sets take.
  [[nodiscard]] Bytes footprint() const {
    return taken_.footprint() + given_.footprint() + given_fractions_.footprint() +
           used_.footprint() + used_fractions_.footprint();
  }
  /// Entries of the sets.
  [[nodiscard]] std::uint64_t size() const {
    return taken_.size() + given_.size() + given_fractions_.size() + used_.size() +
           used_fractions_.size();
  }
  /// Drops everything and gives the memory back.
  void clear();

 private:
  std::uint32_t free_from(std::uint32_t wish);
  std::string_view first_come(const ChannelNumber& asked, NumberSet& whole_numbers,
                              spill::KeySet& fractions);
  std::string_view write(std::uint32_t number);

  std::uint32_t start_;
  std::uint32_t cursor_;           // no number in [start_, cursor_) is free
  NumberSet taken_;                // whole numbers that were asked for or given
  NumberSet given_;                // of those asked for, the ones that their first asker has
  spill::KeySet given_fractions_;  // numbers with a fraction that are taken
  NumberSet used_;                 // of those that people gave, the ones that a channel has
  spill::KeySet used_fractions_;
  std::array<char, 16> digits_{};
};

}  // namespace m3u_proxy::channels
