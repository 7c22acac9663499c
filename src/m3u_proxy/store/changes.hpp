// Changes: how those who keep something of the store in memory learn that it is old, whichever
// process changed it.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store {

enum class Topic : std::uint8_t {
  kEntities,
  kSnapshots,
  kGenerations,
  kJobs,
  kEdits,
  kSettings,
  kAccess,
  kLogos,
};
constexpr std::size_t kTopicCount = static_cast<std::size_t>(Topic::kLogos) + 1;
/// "entities", "snapshots" …
std::string_view to_string(Topic topic);

using Topics = std::bitset<kTopicCount>;
constexpr Topics all_topics() { return Topics((1ULL << kTopicCount) - 1); }

/// One listener. wait() is for one thread, wake() for any.
class ChangeFeed {
 public:
  ChangeFeed() = default;
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;
  virtual ~ChangeFeed() = default;

  /// Waits, asleep, until something has changed since the last wait(), until wake(), or for
  /// `timeout` at most; what has changed, maybe nothing. Own changes count. Where the connection
  /// was lost everything may have changed, and that is the answer.
  /// Error: kUnavailable, when the database can't be reached at all; wait a little then.
  virtual Result<Topics> wait(std::chrono::milliseconds timeout) = 0;
  /// Ends a wait() now or the next one.
  virtual void wake() = 0;
};

}  // namespace m3u_proxy::store
