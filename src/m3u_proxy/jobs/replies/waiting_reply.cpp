#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <m3u_proxy/jobs/replies/reply_reader.hpp>
#include <m3u_proxy/jobs/replies/waiting_reply.hpp>
#include <m3u_proxy/runtime/run.hpp>

namespace m3u_proxy::jobs {
namespace {

/// The last good reply, and the one that waits.
using Pair = std::pair<store::SourceSnapshot, store::SourceSnapshot>;

Result<std::optional<Pair>> find_pair(store::Store& store, const Uuid& source) {
  M3U_TRY(const auto rows, store.snapshots().list(source));
  using enum store::SnapshotState;
  const auto waiting = std::ranges::find(rows, kQuarantined, &store::SourceSnapshot::state);
  const auto good = std::ranges::find(rows, kCurrent, &store::SourceSnapshot::state);
  if (waiting == rows.end() || good == rows.end()) return std::nullopt;
  return Pair(*good, *waiting);
}

Result<> read_playlist(runtime::Run& run, const config::SourceConfig& stored, const Uuid& id,
                       spill::SpillSpace* spill, const CancelToken& cancel,
                       const ReplyVisitor& visit) {
  const auto playlist = run.sources().playlist(stored);
  M3U_TRY(const auto bytes, playlist.open());
  return read_channels(
      *bytes, id, run.process().slabs(), spill, cancel,
      [&](const catalog::ChannelBatch& batch, std::size_t row) {
        using enum catalog::ChannelField;
        const Uuid channel = batch.id(row);
        const std::string_view key(reinterpret_cast<const char*>(channel.bytes.data()),
                                   channel.bytes.size());
        return visit({.key = spill::key_of(key),
                      .texts = {batch.text(kChannelName, row), batch.text(kTvgChno, row),
                                batch.text(kGroupTitle, row), batch.text(kTvgLogo, row),
                                batch.text(kTvgId, row)}});
      });
}

Result<> read_guide(runtime::Run& run, const config::SourceConfig& stored,
                    const CancelToken& cancel, const ReplyVisitor& visit) {
  const auto guide = run.sources().guide(stored, runtime::GuideReads::kOnce);
  M3U_TRY(const auto bytes, guide.open());
  return read_programmes(*bytes, run.process().budget(), cancel, [&](std::string_view channel) {
    return visit({.key = spill::key_of(channel), .texts = {channel}});
  });
}

}  // namespace

Result<std::optional<ReplyComparison>> compare_waiting_reply(const WaitingReplies& where,
                                                             const SourceEntry& source,
                                                             std::size_t limit, store::Time now,
                                                             const CancelToken& cancel) {
  M3U_TRY(const auto pair, find_pair(where.store, source.id));
  if (!pair) return std::nullopt;
  M3U_TRY(const auto good, where.refresher.open(source, pair->first));
  M3U_TRY(const auto waiting, where.refresher.open(source, pair->second));
  runtime::Run run(where.process, {.threads = 1, .now = store::seconds_of(now), .cancel = &cancel});
  const auto spill = where.process.make_spill_space();
  const auto reader = [&](const snapshots::Snapshot& files) -> ReadReply {
    // The open file, so that it stays although the snapshot is removed meanwhile.
    config::SourceConfig stored = source.config;
    stored.location = fmt::format("/proc/self/fd/{}", files.file(kContentFile)->get());
    return [&, stored = std::move(stored)](const ReplyVisitor& visit) {
      return source.is_guide ? read_guide(run, stored, cancel, visit)
                             : read_playlist(run, stored, source.id, spill.get(), cancel, visit);
    };
  };
  M3U_TRY(ReplyComparison found, compare_replies(reader(*good), reader(*waiting),
                                                 where.process.budget(), spill.get(), limit));
  found.was = pair->first.items;
  found.is = pair->second.items;
  return found;
}

Result<bool> drop_waiting_reply(store::Store& store, const Uuid& source, store::Time now) {
  M3U_TRY(const auto pair, find_pair(store, source));
  if (!pair) return false;
  const store::SourceSnapshot& good = pair->first;
  M3U_CHECK(store.snapshots().confirm(source, good.etag, good.last_modified, now));
  return true;
}

}  // namespace m3u_proxy::jobs
