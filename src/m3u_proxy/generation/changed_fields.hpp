// Changed fields: in what two versions of a channel, a programme or a guide channel differ, for
// show.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/catalog/channel_batch.hpp>

namespace m3u_proxy::generation {

/// Adds a field to the lists `before` and `after` of `shown` where its two values differ.
template <typename Shown>
void note_change(Shown& shown, std::string_view name, std::string_view old, std::string_view now) {
  if (old == now) return;
  shown.before.emplace_back(name, old);
  shown.after.emplace_back(name, now);
}

/// The values of one row; the views live as long as the batch, also when a rule sets the field.
struct RowValues {
  RowValues() = default;
  RowValues(const catalog::ChannelBatch& batch, std::size_t row)
      : attributes(batch.attributes(row).begin(), batch.attributes(row).end()) {
    for (std::size_t i = 0; i < fields.size(); ++i) fields[i] = batch.column(i)[row];
  }

  std::array<std::string_view, catalog::kWritableChannelFields> fields;
  std::vector<catalog::Attribute> attributes;
};

/// Notes every field and attribute in which two versions of a row differ.
template <typename Shown>
void note_changes(Shown& shown, const RowValues& before, const RowValues& after) {
  for (std::size_t i = 0; i < before.fields.size(); ++i)
    note_change(shown, catalog::field_name(static_cast<catalog::ChannelField>(i)), before.fields[i],
                after.fields[i]);
  // Rules and edits change a value in its place, remove a pair or add one at the end: the two lists
  // go along with each other.
  auto now = after.attributes.begin();
  for (const catalog::Attribute& attribute : before.attributes) {
    const bool kept = now != after.attributes.end() && now->key == attribute.key;
    note_change(shown, "attr:" + std::string(attribute.key), attribute.value,
                kept ? now->value : "");
    if (kept) ++now;
  }
  for (; now != after.attributes.end(); ++now)
    note_change(shown, "attr:" + std::string(now->key), "", now->value);
}

}  // namespace m3u_proxy::generation
