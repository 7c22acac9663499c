// PublishedData: what the API's questions about published channels and programmes share: open
// generations, what searches have found, and which channels are edited.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <m3u_proxy/api/answers.hpp>
#include <m3u_proxy/api/api_context.hpp>
#include <m3u_proxy/api/latest_first.hpp>
#include <m3u_proxy/queries/channel_queries.hpp>
#include <m3u_proxy/queries/open_generations.hpp>

namespace m3u_proxy::api {

/// Thread-safe.
class PublishedData {
 public:
  using Generation = std::shared_ptr<const queries::OpenGeneration>;
  using Ids = std::shared_ptr<const std::vector<Uuid>>;

  /// The context outlives it.
  explicit PublishedData(const ApiContext& context);

  /// What is served of a proxy. Problems: 404 without such a proxy, 503 before its first
  /// generation; those of opening it.
  Outcome<Generation> current(const Uuid& proxy);
  /// One of the generations that are kept. Problem: 404; those of opening it.
  Outcome<Generation> open(const Uuid& proxy, std::int64_t number);
  [[nodiscard]] queries::ChannelQueries& channels() { return channels_; }
  /// The channels with edits for this proxy or for all, sorted. Problems: of the store; 503 without
  /// room.
  Outcome<Ids> edited(const Uuid& proxy);
  /// Edits have changed.
  void forget_edits();
  /// Lets a search look at the rest of the channels, in the background and before the searches that
  /// were asked for earlier.
  void go_on(std::shared_ptr<queries::RowList> list);

 private:
  struct EditedIds;
  const ApiContext& context_;
  queries::OpenGenerations generations_;
  queries::ChannelQueries channels_;
  memory::CleanableSet::Member keeps_generations_;
  memory::CleanableSet::Member keeps_channels_;
  std::mutex mutex_;         // of edited_
  std::uint64_t edits_ = 0;  // counts the changes
  std::map<Uuid, Ids> edited_;
  LatestFirst background_;
};

}  // namespace m3u_proxy::api
