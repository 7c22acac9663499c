#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/channels/channel_numbers.hpp>
#include <m3u_proxy/channels/edit_channels.hpp>
#include <m3u_proxy/rules/limits.hpp>

namespace m3u_proxy::channels {
namespace {

using catalog::ChannelField;

/// Control characters never get into an attribute's name from a playlist or a rule.
constexpr std::string_view kGivenNumber = "\x01number";

}  // namespace

void apply_edit(const edits::ChannelEdit& edit, catalog::ChannelBatch& batch, std::size_t row) {
  const auto set = [&](ChannelField field, const std::optional<std::string>& value) {
    if (value) batch.set_text(field, row, batch.store(*value));
  };
  set(ChannelField::kChannelName, edit.name);
  set(ChannelField::kGroupTitle, edit.group);
  set(ChannelField::kTvgLogo, edit.logo);
  set(ChannelField::kTvgId, edit.guide_id);
  set(ChannelField::kTvgChno, edit.number);
  if (edit.number) batch.set_attribute(row, kGivenNumber, *edit.number);
}

Result<> EditChannels::process(ChannelItem& item) {
  if (edits_ == nullptr) return {};
  catalog::ChannelBatch& batch = item.batch;
  std::vector<Uuid> ids(batch.rows());
  for (std::size_t row = 0; row < ids.size(); ++row) ids[row] = batch.id(row);
  std::vector<bool> hidden(ids.size());
  std::uint64_t edited = 0;
  std::uint64_t gone = 0;
  M3U_CHECK(edits_->find(ids, [&](std::size_t row, const edits::ChannelEdit& edit) -> Result<> {
    ++edited;
    if (edit.hidden.value_or(false)) {
      hidden[row] = true;
      ++gone;
    } else {
      apply_edit(edit, batch, row);
    }
    return {};
  }));
  edited_ += edited;
  hidden_ += gone;
  if (gone != 0) batch.retain([&](std::size_t row) { return !hidden[row]; });
  return {};
}

std::string_view given_number(const catalog::ChannelBatch& batch, std::size_t row) {
  return batch.attribute(row, kGivenNumber);
}

void take_off_given_numbers(catalog::ChannelBatch& batch) {
  for (std::size_t row = 0; row < batch.rows(); ++row)
    if (!given_number(batch, row).empty()) batch.set_attribute(row, kGivenNumber, "");
}

std::optional<EditMistake> mistake_in(const edits::ChannelEdit& edit) {
  const auto mistake = [](std::string_view field, std::string message, std::string hint = {}) {
    return EditMistake{.field = field,
                       .error = {.code = ErrorCode::kInvalidArgument,
                                 .message = std::move(message),
                                 .hint = std::move(hint)}};
  };
  if (edit.number && !parse_channel_number(*edit.number))
    return mistake("number", fmt::format("\"{}\" is no number of a channel", excerpt(*edit.number)),
                   "such as 7 or 7.1, up to 2147483647");
  if (edit.name && edit.name->empty()) return mistake("name", "a channel needs a name");
  for (const auto& [what, field] : edits::kTextFields) {
    const std::optional<std::string>& value = edit.*field;
    if (!value) continue;
    if (value->size() > rules::kMaxValueBytes || !is_one_line(*value))
      return mistake(what,
                     fmt::format("{} is too long, or has line breaks or the like in it", what));
  }
  if (edit.place != edits::Place::kStays && edit.anchor == edit.channel)
    return mistake(edit.place == edits::Place::kBefore ? "before" : "after",
                   "a channel cannot go before or after itself");
  return std::nullopt;
}

}  // namespace m3u_proxy::channels
