// LatestFirst: long work that goes on in the background piece by piece, on one thread: what was
// asked for last goes first, so that nobody waits for what others have turned away from.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace m3u_proxy::api {

/// Thread-safe. Without work its thread does not wake up.
class LatestFirst {
 public:
  /// Does a piece of a work; whether there is more of it.
  using Piece = std::move_only_function<bool()>;

  /// Of more than `most` works (2 at least) the one is forgotten that was asked for the longest
  /// ago.
  explicit LatestFirst(std::size_t most);
  /// Waits for the piece under way.
  ~LatestFirst();
  LatestFirst(const LatestFirst&) = delete;
  LatestFirst& operator=(const LatestFirst&) = delete;

  /// Goes on with the work that `key` names before all others; `piece` is dropped where that work
  /// waits already. A work has one key, and `key` names no other as long as `piece` lives.
  void go_on(const void* key, Piece piece);

 private:
  struct Work {
    const void* key;
    Piece piece;
    bool is_under_way = false;
  };
  void run();

  std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Work> waiting_;  // what was asked for last in front; also what is under way
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace m3u_proxy::api
