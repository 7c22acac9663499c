#include <m3u_proxy/base/casefold.hpp>
#include <m3u_proxy/base/natural_order.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/channels/channel_sort.hpp>
#include <m3u_proxy/rules/pattern.hpp>

namespace m3u_proxy::channels {
namespace {

using spill::SortOrder;

/// N and M of N.M as one number: 5.2 is less than 5.10.
std::uint64_t rank_of(const ChannelNumber& number) {
  constexpr std::uint64_t kParts = 1000;  // M has up to three digits
  std::uint64_t part = 0;
  for (const char digit : number.fraction)
    part = part * 10 + static_cast<std::uint64_t>(digit - '0');
  return number.whole * kParts + part;
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
  const bool by_number = field.compare == ChannelCompare::kByField && is_number_field(field.field);
  if (field.order != ChannelOrder::kSequence && by_number) {
    const auto number = parse_channel_number(value);
    key_.add_number(number ? 0 : 1);
    key_.add_number(number ? rank_of(*number) : 0, order);
    return;
  }
  fold(value, folded_);
  if (field.order == ChannelOrder::kSequence) {
    key_.add_number(place_in_sequence(value, folded_, field));
    return;
  }
  if (is_number_field(field.field)) key_.add_number(trim(value).empty() ? 1 : 0);
  if (field.compare == ChannelCompare::kNatural) {
    natural_.clear();
    append_natural_key(folded_, natural_);
    key_.add_text(natural_, order);
  }
  key_.add_text(folded_, order);
}

std::string_view ChannelSortKey::of(const rules::Record& channel,
                                    const std::vector<ChannelSortField>& fields) {
  key_.clear();
  for (const ChannelSortField& field : fields) add(channel.get(field.field), field);
  return key_.bytes();
}

}  // namespace m3u_proxy::channels
