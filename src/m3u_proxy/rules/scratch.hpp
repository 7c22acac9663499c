// Scratch: the reusable memory of one thread that runs filters and rules, so that a record costs
// no allocation. One thread at a time; any programs, one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/rules/pair_mask.hpp>
#include <m3u_proxy/rules/pattern_set.hpp>
#include <m3u_proxy/rules/record.hpp>

namespace m3u_proxy::rules {

class Scratch {
 public:
  /// Starts on a record whose fields are `slots`; forgets all about the one before.
  void begin(const Record& record, const std::vector<catalog::FieldRef>& slots);

  /// The value of a field, asked from the record once until forget().
  std::string_view value(std::size_t slot);
  /// The same, folded.
  std::string_view folded(std::size_t slot);
  /// The values of a field that has several, but for the first.
  const std::vector<std::string_view>& further(std::size_t slot);
  /// The pairs of the folded value.
  PairMask pairs(std::size_t slot);
  /// Whether pattern `index` of `set` is found in the field; all of the set are searched at once
  /// and the answers kept. kUnknown when RE2 ran out of memory: ask the pattern itself.
  enum class Answer : std::uint8_t { kNo, kYes, kUnknown };
  Answer set_answer(std::size_t slot, const PatternSet& set, std::size_t index);
  /// To be called after the field was set.
  void forget(std::size_t slot);

  std::vector<std::string_view> captures;  ///< `$0`, `$1` … of the group that runs
  std::vector<std::string_view> groups;    ///< one pattern's groups
  std::string assembled;                   ///< the value that an action writes
  std::string piece;                       ///< the text that an action removes

 private:
  struct Slot {
    std::string_view value;
    std::string folded;
    bool has_value = false;
    bool has_folded = false;
    bool has_pairs = false;
    bool has_answers = false;
    bool has_further = false;
    std::vector<std::string_view> further;
    PairMask pairs = 0;
    PatternSet::Answers answers;
  };
  const Record* record_ = nullptr;
  const std::vector<catalog::FieldRef>* fields_ = nullptr;
  std::vector<Slot> slots_;
};

}  // namespace m3u_proxy::rules
