#include <charconv>

#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/channels/channel_sort.hpp>

namespace m3u_proxy::channels {
namespace {

using spill::SortOrder;

/// "5.1" as 5100: fractions have up to three digits.
std::uint64_t in_thousandths(const ChannelNumber& number) {
  std::uint64_t thousandths = number.whole;
  for (std::size_t i = 0; i < 3; ++i) {
    const char digit = i < number.fraction.size() ? number.fraction[i] : '0';
    thousandths = thousandths * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return thousandths;
}

bool is_number_field(const catalog::FieldRef& field) {
  return !field.is_attribute &&
         field.index == static_cast<std::uint8_t>(catalog::ChannelField::kTvgChno);
}

std::uint64_t place_in_sequence(std::string_view value, std::string_view folded,
                                const ChannelSortField& field) {
  std::uint64_t place = 0;
  for (const auto& pattern : field.sequence) {
    if (pattern->matches(value, folded)) break;
    ++place;
  }
  return place;
}

}  // namespace

void ChannelSortKey::add(std::string_view value, const ChannelSortField& field) {
  const SortOrder order =
      field.order == ChannelOrder::kDescending ? SortOrder::kDescending : SortOrder::kAscending;
  if (field.order != ChannelOrder::kSequence && is_number_field(field.field)) {
    const auto number = parse_channel_number(value);
    key_.add_number(number ? 0 : 1);
    key_.add_number(number ? in_thousandths(*number) : 0, order);
    return;
  }
  fold(value, folded_);
  if (field.order == ChannelOrder::kSequence)
    key_.add_number(place_in_sequence(value, folded_, field));
  else
    key_.add_text(folded_, order);
}

std::string_view ChannelSortKey::of(const rules::Record& channel,
                                    const std::vector<ChannelSortField>& fields) {
  key_.clear();
  for (const ChannelSortField& field : fields) add(channel.get(field.field), field);
  return key_.bytes();
}

}  // namespace m3u_proxy::channels
