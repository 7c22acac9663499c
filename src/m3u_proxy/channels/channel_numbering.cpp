#include <algorithm>
#include <charconv>

#include <m3u_proxy/channels/channel_numbering.hpp>
#include <m3u_proxy/channels/edit_channels.hpp>

namespace m3u_proxy::channels {

using catalog::ChannelField;

namespace {

std::uint32_t to_whole(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool covers(const NumberRange& range, std::string_view source, std::string_view group) {
  return (range.source.empty() || range.source == source) &&
         (range.group.empty() || range.group == group);
}

}  // namespace

ChannelNumberingStrategy::ChannelNumberingStrategy(memory::Budget& budget,
                                                   const NumberingOptions& options)
    : options_(options), numbers_(budget, options.first), next_sequential_(options.first) {
  for (const NumberRange& range : options.ranges) next_in_range_.push_back(range.first);
}

Result<> ChannelNumberingStrategy::ask(const ChannelItem& item) {
  const bool asked = options_.mode == NumberingMode::kPreserve;
  if (!asked && !options_.with_given) return {};
  for (std::size_t row = 0; row < item.batch.rows(); ++row) {
    const std::string_view given = options_.with_given ? given_number(item.batch, row) : "";
    if (!given.empty())
      numbers_.give(given);
    else if (asked)
      numbers_.ask(item.batch.text(ChannelField::kTvgChno, row));
  }
  return {};
}

Result<> ChannelNumberingStrategy::process(ChannelItem& item) {
  for (std::size_t row = 0; row < item.batch.rows(); ++row)
    item.batch.set_text(ChannelField::kTvgChno, row, item.batch.store(number_of(item, row)));
  return {};
}

std::string_view ChannelNumberingStrategy::number_of(ChannelItem& item, std::size_t row) {
  if (options_.with_given)
    if (const std::string_view given = given_number(item.batch, row); !given.empty())
      return numbers_.assign_given(given);
  switch (options_.mode) {
    case NumberingMode::kSequential:
      break;
    case NumberingMode::kRanges:
      return number_in_range(item, row);
    case NumberingMode::kPreserve:
      return numbers_.assign(item.batch.text(ChannelField::kTvgChno, row));
  }
  return next_number(next_sequential_);
}

/// The next free number from `next` on, which moves behind it.
std::string_view ChannelNumberingStrategy::next_number(std::uint32_t& next) {
  const std::string_view number = numbers_.assign_from(next);
  next = to_whole(number) + 1;
  return number;
}

std::string_view ChannelNumberingStrategy::number_in_range(ChannelItem& item, std::size_t row) {
  const std::string_view source = options_.sources[item.batch.source(row)].name;
  const std::string_view group = item.batch.text(ChannelField::kGroupTitle, row);
  const auto found = std::ranges::find_if(
      options_.ranges, [&](const NumberRange& range) { return covers(range, source, group); });
  if (found == options_.ranges.end()) return next_number(next_sequential_);
  std::uint32_t& next = next_in_range_[static_cast<std::size_t>(found - options_.ranges.begin())];
  const std::string_view number = next_number(next);
  if (to_whole(number) < found->first || to_whole(number) > found->last)
    item.problems.add("number_range_overflow", 0, 0,
                      item.batch.text(ChannelField::kChannelName, row));
  return number;
}

std::size_t ChannelNumberingStrategy::basic_cleanup() {
  const auto numbers = static_cast<std::size_t>(numbers_.size());
  numbers_.clear();
  return numbers;
}

memory::MemoryUsage ChannelNumberingStrategy::memory_usage() const {
  const Bytes held = numbers_.footprint();
  return {.held = held, .unused = held};
}

}  // namespace m3u_proxy::channels
