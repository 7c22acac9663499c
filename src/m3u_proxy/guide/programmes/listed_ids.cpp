#include <algorithm>
#include <utility>

#include <m3u_proxy/guide/programmes/listed_ids.hpp>

namespace m3u_proxy::guide {

void ListedIds::find(const PlaylistChannels& list, std::uint32_t output, std::string& id) {
  if (kept_.empty()) kept_.resize(kPlaces);
  Kept& kept = kept_[output % kPlaces];
  if (kept.output == output) {
    id.assign(kept.text.data(), kept.size);
    return;
  }
  auto found = list.id_of(output);
  if (!found) throw memory::OverBudget(std::move(found).error());
  id = *std::move(found);
  if (id.size() > kept.text.size()) return;
  std::ranges::copy(id, kept.text.begin());
  kept.size = static_cast<std::uint8_t>(id.size());
  kept.output = output;
}

}  // namespace m3u_proxy::guide
