#include <algorithm>
#include <charconv>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/pipeline/channel_numbers.hpp>

namespace m3u_proxy::pipeline {
namespace {

constexpr std::size_t kMaxFraction = 3;
// Free numbers looked up at a time: more, as long as they are used up.
constexpr std::uint32_t kFewestAhead = 4;
constexpr std::uint32_t kMostAhead = 256;

/// Bytes a bitmap holds: its content and about 48 for each container of 2^16 numbers.
std::uint64_t size_of(const Roaring& bitmap) {
  roaring_statistics_t statistics{};
  roaring_bitmap_statistics(&bitmap.roaring, &statistics);
  return std::uint64_t{statistics.n_containers} * 48 + statistics.n_bytes_array_containers +
         statistics.n_bytes_run_containers + statistics.n_bytes_bitset_containers;
}

/// "5.1" and "5.10" differ: a fraction counts with its length.
catalog::Key128 fraction_key(const ChannelNumber& number) {
  std::uint64_t digits = 1;
  for (const char c : number.fraction) digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
  return {.low = (std::uint64_t{number.whole} << 16U) | digits, .high = 1};
}

}  // namespace

std::optional<ChannelNumber> parse_channel_number(std::string_view text) {
  text = trim(text);
  const std::size_t dot = text.find('.');
  std::string_view whole = text.substr(0, dot);
  std::string_view fraction = dot == std::string_view::npos ? "" : text.substr(dot + 1);
  const auto is_digits = [](std::string_view s) { return std::ranges::all_of(s, is_ascii_digit); };
  if (whole.empty() || !is_digits(whole) || !is_digits(fraction)) return std::nullopt;
  if (dot != std::string_view::npos && fraction.empty()) return std::nullopt;
  if (std::ranges::all_of(fraction, [](char c) { return c == '0'; })) fraction = "";
  if (fraction.size() > kMaxFraction) return std::nullopt;
  ChannelNumber number{.whole = 0, .fraction = fraction};
  const auto [end, error] =
      std::from_chars(whole.data(), whole.data() + whole.size(), number.whole);
  if (error != std::errc{} || number.whole == 0 || number.whole > ChannelNumber::kMax)
    return std::nullopt;
  return number;
}

ChannelNumbers::ChannelNumbers(memory::Budget& budget, std::uint32_t start)
    : budget_(&budget), start_(start), cursor_(start), given_fractions_(budget) {}

void ChannelNumbers::ask(std::string_view number) {
  const auto asked = parse_channel_number(number);
  if (asked && asked->fraction.empty()) asked_.add(asked->whole);
}

void ChannelNumbers::reserve_asked() {
  known_ = asked_.isEmpty() ? 0 : asked_.maximum();
  free_ = asked_;
  free_.flip(1, std::uint64_t{known_} + 1);
  free_.runOptimize();
}

void ChannelNumbers::extend_to(std::uint32_t number) {
  if (number <= known_) return;
  free_.addRange(std::uint64_t{known_} + 1, std::uint64_t{number} + 1);
  known_ = number;
}

/// Takes the numbers that were given out of the free ones.
void ChannelNumbers::settle() {
  if (ahead_next_ != 0) {
    extend_to(ahead_[ahead_next_ - 1]);
    free_ -= Roaring(ahead_next_, ahead_.data());
  }
  ahead_.clear();
  ahead_next_ = 0;
}

/// Looks up the free numbers ≥ `from`.
void ChannelNumbers::look_ahead(std::uint32_t from) {
  const bool used_up = ahead_next_ == ahead_.size();
  ahead_count_ = used_up ? std::min(ahead_count_ * 2, kMostAhead) : kFewestAhead;
  settle();
  ahead_from_ = from;
  if (from <= known_) {
    ahead_.resize(ahead_count_);
    roaring_uint32_iterator_t iterator;
    roaring_init_iterator(&free_.roaring, &iterator);
    std::uint32_t count = 0;
    if (roaring_move_uint32_iterator_equalorlarger(&iterator, from))
      count = roaring_read_uint32_iterator(&iterator, ahead_.data(), ahead_count_);
    ahead_.resize(count);
    if (count != 0) return;
    from = known_ + 1;
  }
  for (std::uint32_t number = from; number <= ChannelNumber::kMax && ahead_.size() < ahead_count_;
       ++number)
    ahead_.push_back(number);
}

std::uint32_t ChannelNumbers::free_from(std::uint32_t wish) {
  const auto has_answer = [&] {
    return ahead_next_ < ahead_.size() && wish >= ahead_from_ && wish <= ahead_[ahead_next_];
  };
  if (has_answer()) return ahead_[ahead_next_++];
  for (const std::uint32_t from : {wish, start_, std::uint32_t{1}}) {
    if (from > ChannelNumber::kMax) continue;
    wish = from;
    look_ahead(from);
    if (has_answer()) return ahead_[ahead_next_++];
  }
  // 2^31 - 1 numbers are more channels than any playlist can hold.
  return ChannelNumber::kMax;
}

std::string_view ChannelNumbers::write(std::uint32_t number) {
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr;
  return {digits_.data(), static_cast<std::size_t>(end - digits_.data())};
}

std::string_view ChannelNumbers::assign(std::string_view number) {
  const auto asked = parse_channel_number(number);
  if (!asked) {
    const std::uint32_t found = free_from(cursor_);
    if (found >= cursor_) cursor_ = found == ChannelNumber::kMax ? found : found + 1;
    return write(found);
  }
  if (!asked->fraction.empty()) {
    if (!given_fractions_.insert(fraction_key(*asked))) return write(free_from(asked->whole + 1));
    const std::string_view whole = write(asked->whole);
    char* const end = digits_.data() + whole.size();
    *end = '.';
    asked->fraction.copy(end + 1, kMaxFraction);
    return {digits_.data(), whole.size() + 1 + asked->fraction.size()};
  }
  if (!given_.addChecked(asked->whole)) return write(free_from(asked->whole + 1));
  return write(asked->whole);
}

std::string_view ChannelNumbers::assign_from(std::uint32_t first) {
  return write(free_from(first));
}

Result<> ChannelNumbers::account() {
  const Bytes size{size_of(asked_) + size_of(given_) + size_of(free_)};
  if (reservation_.size() == Bytes{}) {
    M3U_TRY(reservation_, budget_->reserve(memory::Tag::kNumbers, size));
    return {};
  }
  return reservation_.resize(size);
}

void ChannelNumbers::clear() {
  asked_ = Roaring();
  given_ = Roaring();
  free_ = Roaring();
  ahead_ = {};
  ahead_next_ = 0;
  given_fractions_.clear();
  reservation_.release();
}

}  // namespace m3u_proxy::pipeline
