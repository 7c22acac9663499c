#include <algorithm>
#include <charconv>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>

namespace m3u_proxy::channels {
namespace {

constexpr std::size_t kMaxFraction = 3;

/// "5.1" and "5.10" differ: a fraction counts with its length.
spill::Key128 fraction_key(const ChannelNumber& number) {
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
    : start_(start),
      cursor_(start),
      taken_(budget),
      given_(budget),
      given_fractions_(budget),
      used_(budget),
      used_fractions_(budget) {}

void ChannelNumbers::ask(std::string_view number) {
  const auto asked = parse_channel_number(number);
  if (asked && asked->fraction.empty()) taken_.insert(asked->whole);
}

void ChannelNumbers::give(std::string_view number) {
  const auto asked = parse_channel_number(number);
  if (!asked) return;
  if (asked->fraction.empty()) {
    taken_.insert(asked->whole);
    given_.insert(asked->whole);
  } else if (const auto done = given_fractions_.insert(fraction_key(*asked)); !done) {
    throw memory::OverBudget(done.error());
  }
}

std::uint32_t ChannelNumbers::free_from(std::uint32_t wish) {
  if (wish >= start_ && wish < cursor_) wish = cursor_;
  auto number = wish <= ChannelNumber::kMax ? taken_.next_absent(wish) : std::nullopt;
  if (!number) number = taken_.next_absent(start_);
  if (!number) number = taken_.next_absent(1);
  // 2^31 - 1 numbers are more channels than any playlist can hold.
  const std::uint32_t found = number.value_or(ChannelNumber::kMax);
  taken_.insert(found);
  return found;
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
  return first_come(*asked, given_, given_fractions_);
}

std::string_view ChannelNumbers::assign_given(std::string_view number) {
  const auto asked = parse_channel_number(number);
  return asked ? first_come(*asked, used_, used_fractions_) : assign(number);
}

/// The number that is asked for, unless it is in one of the sets.
std::string_view ChannelNumbers::first_come(const ChannelNumber& asked, NumberSet& whole_numbers,
                                            spill::KeySet& fractions) {
  if (asked.fraction.empty())
    return write(whole_numbers.insert(asked.whole) ? asked.whole : free_from(asked.whole + 1));
  const auto is_new = fractions.insert(fraction_key(asked));
  if (!is_new) throw memory::OverBudget(is_new.error());
  if (!*is_new) return write(free_from(asked.whole + 1));
  const std::string_view whole = write(asked.whole);
  char* const end = digits_.data() + whole.size();
  *end = '.';
  asked.fraction.copy(end + 1, kMaxFraction);
  return {digits_.data(), whole.size() + 1 + asked.fraction.size()};
}

std::string_view ChannelNumbers::assign_from(std::uint32_t first) {
  return write(free_from(first));
}

void ChannelNumbers::clear() {
  taken_.clear();
  given_.clear();
  given_fractions_.clear();
  used_.clear();
  used_fractions_.clear();
}

}  // namespace m3u_proxy::channels
