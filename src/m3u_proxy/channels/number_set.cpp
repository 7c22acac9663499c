#include <algorithm>
#include <bit>
#include <cstring>

#include <m3u_proxy/channels/number_set.hpp>

namespace m3u_proxy::channels {
namespace {

constexpr std::uint16_t kAllOfWord = 0xFFFF;

/// Whether all numbers of the four words at `words` are there.
bool step_is_full(const std::uint16_t* words) {
  std::uint64_t step = 0;
  std::memcpy(&step, words, sizeof(step));
  return step == ~std::uint64_t{0};
}

}  // namespace

NumberSet::NumberSet(memory::Budget& budget)
    : memory_(budget, memory::Tag::kNumbers), pages_(&memory_) {}

bool NumberSet::insert(std::uint32_t number) {
  const std::size_t index = number / kPageNumbers;
  if (index >= pages_.size()) {
    const std::size_t before = pages_.capacity();
    while (pages_.size() <= index) pages_.emplace_back(&memory_);
    footprint_ += Bytes{(pages_.capacity() - before) * sizeof(Page)};
  }
  Page& page = pages_[index];
  const auto low = static_cast<std::uint16_t>(number % kPageNumbers);
  if (page.count == kPageNumbers) return false;
  if (page.words.size() != kBitmapWords) return insert_listed(page, low);
  if (!insert_in_bitmap(page, low)) return false;
  if (page.count == kPageNumbers) {
    footprint_ -= Bytes{page.words.capacity() * sizeof(low)};
    std::pmr::vector<std::uint16_t>(&memory_).swap(page.words);
  }
  return true;
}

bool NumberSet::insert_listed(Page& page, std::uint16_t low) {
  auto place = page.words.end();
  if (page.count != 0 && page.words.back() >= low) {
    place = std::ranges::lower_bound(page.words, low);
    if (*place == low) return false;
  }
  if (page.count + 1 == kListed) {
    to_bitmap(page);
    return insert_in_bitmap(page, low);
  }
  const std::size_t before = page.words.capacity();
  page.words.insert(place, low);
  footprint_ += Bytes{(page.words.capacity() - before) * sizeof(low)};
  ++page.count;
  return true;
}

void NumberSet::to_bitmap(Page& page) {
  std::pmr::vector<std::uint16_t> bitmap(kBitmapWords, &memory_);
  for (const std::uint16_t low : page.words)
    bitmap[low / 16] = static_cast<std::uint16_t>(bitmap[low / 16] | 1U << low % 16);
  footprint_ += Bytes{(bitmap.capacity() - page.words.capacity()) * sizeof(std::uint16_t)};
  page.words.swap(bitmap);
}

bool NumberSet::insert_in_bitmap(Page& page, std::uint16_t low) {
  std::uint16_t& word = page.words[low / 16];
  const std::uint32_t bit = 1U << low % 16;
  if ((word & bit) != 0) return false;
  word = static_cast<std::uint16_t>(word | bit);
  ++page.count;
  return true;
}

/// The first number ≥ `low` of the page that is absent, kPageNumbers when there is none.
std::uint32_t NumberSet::first_absent(const Page& page, std::uint32_t low) {
  if (page.count == 0) return low;
  if (page.count == kPageNumbers) return kPageNumbers;
  if (page.words.size() != kBitmapWords) {
    for (auto next = std::ranges::lower_bound(page.words, low);
         next != page.words.end() && *next == low; ++next)
      ++low;
    return low;
  }
  std::size_t index = low / 16;
  auto present = static_cast<std::uint16_t>(page.words[index] | ((1U << low % 16) - 1));
  while (present == kAllOfWord) {
    if (++index == kBitmapWords) return kPageNumbers;
    while (index % kWordsOfStep == 0 && step_is_full(&page.words[index]))
      if ((index += kWordsOfStep) == kBitmapWords) return kPageNumbers;
    present = page.words[index];
  }
  return static_cast<std::uint32_t>(index) * 16 +
         static_cast<std::uint32_t>(std::countr_one(present));
}

std::optional<std::uint32_t> NumberSet::next_absent(std::uint32_t from) {
  std::uint32_t at = from;
  const bool looked = from >= looked_from_ && from < looked_to_;
  if (looked) at = looked_to_;
  while (at <= kMax && at / kPageNumbers < pages_.size()) {
    const std::uint32_t page_begin = at / kPageNumbers * kPageNumbers;
    const std::uint32_t low = first_absent(pages_[at / kPageNumbers], at - page_begin);
    at = page_begin + low;
    if (low < kPageNumbers) break;
  }
  if (!looked) looked_from_ = from;
  looked_to_ = at;
  return at <= kMax ? std::optional(at) : std::nullopt;
}

std::uint64_t NumberSet::size() const {
  std::uint64_t size = 0;
  for (const Page& page : pages_) size += page.count;
  return size;
}

void NumberSet::clear() {
  std::pmr::vector<Page>(&memory_).swap(pages_);
  footprint_ = {};
  looked_from_ = looked_to_ = 0;
}

}  // namespace m3u_proxy::channels
