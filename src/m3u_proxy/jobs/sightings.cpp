#include <optional>
#include <vector>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/catalog/channel_batch.hpp>
#include <m3u_proxy/channels/channel_ids.hpp>
#include <m3u_proxy/formats/m3u_reader.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>
#include <m3u_proxy/jobs/sightings.hpp>
#include <m3u_proxy/memory/guarded.hpp>
#include <m3u_proxy/spill/key_set.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>

namespace m3u_proxy::jobs {
namespace {

constexpr std::size_t kRows = 1000;
constexpr int kPage = 1000;

using Ids = spill::RecordSorter<Uuid>;

/// The ids that a generation gives the playlist's channels.
Result<> read_ids(const Uuid& source, io::ByteSource& bytes, memory::SlabPool& slabs,
                  spill::SpillSpace* spill, Ids& out, const CancelToken& cancel) {
  formats::M3uSplitter splitter(slabs, kRows);
  formats::M3uSource playlist;
  playlist.id = source;
  playlist.with_ids = true;
  ProblemLog problems;
  M3U_TRY(playlist.header, formats::begin_m3u(splitter, bytes, problems));
  spill::KeySet seen(slabs.budget(), spill);
  channels::ChannelIds own_ids(slabs.budget(), spill);
  catalog::ChannelBatch batch(slabs);
  while (true) {
    if (cancel.cancelled()) return fail(ErrorCode::kCancelled, "the refresh was cancelled");
    M3U_TRY(const formats::M3uChunk chunk, splitter.next(bytes, problems));
    if (chunk.text.empty()) return {};
    batch.clear();
    (void)formats::parse_m3u(chunk, playlist, batch, problems);
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      M3U_TRY(const bool is_new, seen.insert(batch.key(row)));
      if (!is_new) continue;
      M3U_CHECK(own_ids.make_own(source, batch, row));
      M3U_CHECK(out.add(batch.id(row)));
    }
  }
}

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
                          memory::SlabPool& slabs, spill::SpillSpace* spill, store::Time now,
                          const CancelToken& cancel) {
  M3U_TRY(auto page, store.edits().page({}, kPage));
  if (page.empty()) return {};
  return memory::guarded([&]() -> Result<> {
    Ids ids(slabs.budget(), spill);
    M3U_CHECK(read_ids(source, playlist, slabs, spill, ids, cancel));
    M3U_CHECK(ids.finish());
    Search search(ids);
    std::vector<store::Sighting> found;
    while (!page.empty()) {
      found.clear();
      for (const store::ChannelEdit& edit : page) {
        if (!found.empty() && found.back().channel == edit.channel) continue;
        M3U_TRY(const bool seen, search.has(edit.channel));
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
