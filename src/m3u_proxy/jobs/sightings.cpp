#include <optional>
#include <vector>

#include <m3u_proxy/jobs/replies/reply_reader.hpp>
#include <m3u_proxy/jobs/sightings.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr int kPage = 1000;

using Ids = spill::RecordSorter<Uuid>;

/// Walks through the sorted ids beside the edits, which come in the same order.
class Search {
 public:
  explicit Search(Ids& ids) : ids_(ids) {}

  Result<bool> has(const Uuid& channel) {
    while (!at_end_ && (!at_ || *at_ < channel)) {
      Uuid next;
      M3U_TRY(const bool more, ids_.next(next));
      at_end_ = !more;
      if (more) at_ = next;
    }
    return at_ == channel;
  }

 private:
  Ids& ids_;
  std::optional<Uuid> at_;
  bool at_end_ = false;
};

}  // namespace

Result<> record_sightings(store::Store& store, const Uuid& source, io::ByteSource& playlist,
                          PlaylistIs is, memory::SlabPool& slabs, spill::SpillSpace* spill,
                          store::Time now, const CancelToken& cancel) {
  M3U_TRY(auto page, store.edits().page({}, kPage));
  if (page.empty()) return {};
  return memory::guarded([&]() -> Result<> {
    Ids ids(slabs.budget(), spill);
    const auto add = [&](const catalog::ChannelBatch& batch, std::size_t row) -> Result<bool> {
      M3U_CHECK(ids.add(batch.id(row)));
      return true;
    };
    M3U_CHECK(read_channels(playlist, source, slabs, spill, cancel, add));
    M3U_CHECK(ids.finish());
    Search search(ids);
    std::vector<store::Sighting> found;
    while (!page.empty()) {
      found.clear();
      std::optional<Uuid> last_channel;
      for (const store::ChannelEdit& edit : page) {
        if (last_channel == edit.channel) continue;
        last_channel = edit.channel;
        M3U_TRY(const bool seen, search.has(edit.channel));
        if (seen || is == PlaylistIs::kCurrent)
          found.push_back({.channel = edit.channel, .seen = seen});
      }
      M3U_CHECK(store.edits().record_sightings(source, found, now));
      const Uuid last = page.back().channel;
      M3U_TRY(page, store.edits().page(last, kPage));
    }
    return {};
  });
}

}  // namespace m3u_proxy::jobs
