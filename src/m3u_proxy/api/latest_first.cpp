#include <algorithm>
#include <iterator>
#include <utility>

#include <m3u_proxy/api/latest_first.hpp>

namespace m3u_proxy::api {

LatestFirst::LatestFirst(std::size_t most) : most_(most), thread_([this] { run(); }) {}

LatestFirst::~LatestFirst() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LatestFirst::go_on(const void* key, Piece piece) {
  std::list<Work> others;  // what is dropped ends without the lock
  others.push_back({.key = key, .piece = std::move(piece)});
  {
    const std::scoped_lock lock(mutex_);
    const auto known = std::ranges::find(waiting_, key, &Work::key);
    if (known != waiting_.end()) {
      waiting_.splice(waiting_.begin(), waiting_, known);
      return;
    }
    waiting_.splice(waiting_.begin(), others);
    if (waiting_.size() > most_) {
      auto oldest = std::prev(waiting_.end());
      if (oldest->is_under_way) --oldest;
      others.splice(others.begin(), waiting_, oldest);
    }
  }
  changed_.notify_one();
}

void LatestFirst::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const auto current = waiting_.begin();  // holds wherever it is moved meanwhile
    current->is_under_way = true;
    lock.unlock();
    const bool has_more = current->piece();
    lock.lock();
    current->is_under_way = false;
    if (has_more) continue;
    std::list<Work> done;
    done.splice(done.begin(), waiting_, current);
    lock.unlock();
    done.clear();
    lock.lock();
  }
}

}  // namespace m3u_proxy::api
