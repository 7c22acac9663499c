#include <m3u_proxy/edits/channel_edit.hpp>

namespace m3u_proxy::edits {
namespace {

template <typename Field>
void take(std::optional<Field>& field, const std::optional<Field>& over) {
  if (over) field = over;
}

}  // namespace

void merge(ChannelEdit& edit, const ChannelEdit& over) {
  for (const TextField& field : kTextFields) take(edit.*field.value, over.*field.value);
  take(edit.hidden, over.hidden);
  if (over.place == Place::kStays) return;
  edit.place = over.place;
  edit.anchor = over.anchor;
}

bool says_nothing(const ChannelEdit& edit) { return edit == ChannelEdit{.channel = edit.channel}; }

}  // namespace m3u_proxy::edits
