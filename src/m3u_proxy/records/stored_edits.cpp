#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <m3u_proxy/edits/listed_edits.hpp>
#include <m3u_proxy/records/stored_edits.hpp>

namespace m3u_proxy::records {
namespace {

edits::Place to_place(store::EditPlace place) {
  switch (place) {
    case store::EditPlace::kBefore:
      return edits::Place::kBefore;
    case store::EditPlace::kAfter:
      return edits::Place::kAfter;
    case store::EditPlace::kStays:
      break;
  }
  return edits::Place::kStays;
}

store::EditPlace to_place(edits::Place place) {
  switch (place) {
    case edits::Place::kBefore:
      return store::EditPlace::kBefore;
    case edits::Place::kAfter:
      return store::EditPlace::kAfter;
    case edits::Place::kStays:
      break;
  }
  return store::EditPlace::kStays;
}

/// Edits in memory with the room that they take.
struct ReservedEdits {
  ReservedEdits(memory::Reservation reserved, std::vector<edits::ChannelEdit> listed)
      : room(std::move(reserved)), edits(std::move(listed)) {}
  memory::Reservation room;
  edits::ListedEdits edits;
};

std::uint64_t bytes_of(const edits::ChannelEdit& edit) {
  std::uint64_t bytes = sizeof(edit);
  for (const edits::TextField& text : edits::kTextFields)
    if (edit.*text.value) bytes += (edit.*text.value)->size();
  return bytes;
}

}  // namespace

edits::ChannelEdit to_edit(const store::ChannelEdit& stored) {
  return {.channel = stored.channel,
          .number = stored.number,
          .name = stored.name,
          .group = stored.group,
          .logo = stored.logo,
          .guide_id = stored.guide_id,
          .hidden = stored.hidden,
          .place = to_place(stored.place),
          .anchor = stored.place_channel};
}

store::ChannelEdit to_stored(const edits::ChannelEdit& edit, const std::optional<Uuid>& proxy) {
  return {.channel = edit.channel,
          .proxy = proxy,
          .number = edit.number,
          .name = edit.name,
          .group = edit.group,
          .logo = edit.logo,
          .guide_id = edit.guide_id,
          .hidden = edit.hidden,
          .place = to_place(edit.place),
          .place_channel = edit.anchor};
}

Result<std::shared_ptr<const edits::ChannelEdits>> load_edits(store::Store& store,
                                                              const Uuid& proxy,
                                                              memory::Budget& budget) {
  std::vector<edits::ChannelEdit> found;
  M3U_TRY(memory::Reservation room, budget.reserve(memory::Tag::kStore, Bytes{}));
  std::uint64_t bytes = 0;
  // Of one channel the edit for all proxies comes first, and the later one holds.
  M3U_CHECK(store.edits().for_each([&](const store::ChannelEdit& stored) -> Result<> {
    if (stored.proxy && *stored.proxy != proxy) return {};
    edits::ChannelEdit edit = to_edit(stored);
    // While the vector grows there are two of it, and while the list is made.
    bytes += 3 * bytes_of(edit);
    if (auto fits = room.resize(Bytes{bytes}); !fits) return fits;
    found.push_back(std::move(edit));
    return {};
  }));
  if (found.empty()) return nullptr;
  const auto reserved = std::make_shared<ReservedEdits>(std::move(room), std::move(found));
  return std::shared_ptr<const edits::ChannelEdits>(reserved, &reserved->edits);
}

}  // namespace m3u_proxy::records
