#include <algorithm>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/rules/scratch.hpp>

namespace m3u_proxy::rules {

void Scratch::begin(const Record& record, const std::vector<catalog::FieldRef>& slots) {
  record_ = &record;
  fields_ = &slots;
  if (slots_.size() < slots.size()) slots_.resize(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) forget(i);
}

std::string_view Scratch::value(std::size_t slot) {
  Slot& s = slots_[slot];
  if (!s.has_value) {
    s.value = record_->get((*fields_)[slot]);
    s.has_value = true;
  }
  return s.value;
}

std::string_view Scratch::folded(std::size_t slot) {
  Slot& s = slots_[slot];
  if (!s.has_folded) {
    fold(value(slot), s.folded);
    s.has_folded = true;
  }
  return s.folded;
}

const std::vector<std::string_view>& Scratch::further(std::size_t slot) {
  Slot& s = slots_[slot];
  if (!s.has_further) {
    s.further.clear();
    for (std::size_t nth = 1; const auto value = record_->further((*fields_)[slot], nth); ++nth)
      s.further.push_back(*value);
    s.has_further = true;
  }
  return s.further;
}

PairMask Scratch::pairs(std::size_t slot) {
  Slot& s = slots_[slot];
  if (!s.has_pairs) {
    s.pairs = pair_mask(folded(slot));
    s.has_pairs = true;
  }
  return s.pairs;
}

Scratch::Answer Scratch::set_answer(std::size_t slot, const PatternSet& set, std::size_t index) {
  Slot& s = slots_[slot];
  if (!s.has_answers) {
    set.search(value(slot), s.answers);
    s.has_answers = true;
  }
  if (!s.answers.complete) return Answer::kUnknown;
  return s.answers.found[index] != 0 ? Answer::kYes : Answer::kNo;
}

void Scratch::forget(std::size_t slot) {
  Slot& s = slots_[slot];
  s.has_value = false;
  s.has_folded = false;
  s.has_pairs = false;
  s.has_answers = false;
  s.has_further = false;
}

}  // namespace m3u_proxy::rules
