#include <chrono>
#include <utility>

#include <fmt/format.h>

#include <m3u_proxy/api/lineup/published_data.hpp>
#include <m3u_proxy/snapshots/generation_files.hpp>

namespace m3u_proxy::api {
namespace {

constexpr std::size_t kMostSearches = 16;
/// So long a search may hold up one that is asked for meanwhile.
constexpr std::chrono::milliseconds kPieceTime{20};
constexpr std::uint64_t kFirstRoom = 1024;  // ids

}  // namespace

struct PublishedData::EditedIds {
  memory::Reservation room;
  std::vector<Uuid> ids;
};

PublishedData::PublishedData(const ApiContext& context)
    : context_(context),
      generations_(context.process.budget(),
                   {.lineup = std::string(snapshots::kLineupFile),
                    .programmes = std::string(snapshots::kProgrammesFile),
                    .guide = std::string(snapshots::kGuideFile)},
                   [&context](const Uuid& proxy, std::int64_t number) {
                     return context.generator.open(proxy, number);
                   }),
      channels_(context.process.budget(),
                [&context] { return context.process.make_spill_space(); }),
      keeps_generations_(context.process.kept(), generations_),
      keeps_channels_(context.process.kept(), channels_),
      background_(kMostSearches) {}

Outcome<PublishedData::Generation> PublishedData::current(const Uuid& proxy) {
  const auto published = context_.published.of(proxy);
  if (!published) return problem(404, "there is no proxy of this id");
  if (!published->has_generation())
    return problem(503, fmt::format("\"{}\" has not been generated yet", published->name()),
                   "its sources are being fetched: see /jobs");
  return open(proxy, std::stoll(published->generation()));
}

Outcome<PublishedData::Generation> PublishedData::open(const Uuid& proxy, std::int64_t number) {
  M3U_TRY(auto generation, generations_.get(proxy, number));
  return generation;
}

Outcome<PublishedData::Ids> PublishedData::edited(const Uuid& proxy) {
  std::uint64_t edits = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = edited_.find(proxy); known != edited_.end()) return known->second;
    edits = edits_;
  }
  const auto found = std::make_shared<EditedIds>();
  M3U_TRY(found->room,
          context_.process.budget().reserve(memory::Tag::kStore, Bytes{kFirstRoom * sizeof(Uuid)}));
  found->ids.reserve(kFirstRoom);
  const auto add = [&](const store::ChannelEdit& edit) -> Result<> {
    if (edit.proxy && *edit.proxy != proxy) return {};
    if (!found->ids.empty() && found->ids.back() == edit.channel) return {};
    if (found->ids.size() == found->ids.capacity()) {
      M3U_CHECK(found->room.resize(found->room.size() + found->room.size()));
      found->ids.reserve(found->ids.capacity() * 2);
    }
    found->ids.push_back(edit.channel);
    return {};
  };
  M3U_CHECK(context_.store.edits().for_each(add));
  Ids ids(found, &found->ids);
  const std::scoped_lock lock(mutex_);
  if (edits == edits_) edited_[proxy] = ids;
  return ids;
}

void PublishedData::forget_edits() {
  const std::scoped_lock lock(mutex_);
  ++edits_;
  edited_.clear();
}

void PublishedData::go_on(std::shared_ptr<queries::RowList> list) {
  const void* const key = list.get();
  // Where too many wait, the next page goes on.
  background_.go_on(key, [list = std::move(list)] {
    const auto stop = [end = std::chrono::steady_clock::now() + kPieceTime] {
      return std::chrono::steady_clock::now() >= end;
    };
    const auto progress = list->advance(UINT64_MAX, stop);
    return progress && !progress->complete;
  });
}

}  // namespace m3u_proxy::api
