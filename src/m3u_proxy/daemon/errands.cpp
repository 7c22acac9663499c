#include <m3u_proxy/daemon/errands.hpp>

namespace m3u_proxy::daemon {
namespace {

constexpr std::size_t kMostWaiting = 16;

}  // namespace

Errands::Errands() : thread_([this] { run(); }) {}

Errands::~Errands() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  cancel_.cancel();
  changed_.notify_all();
  thread_.join();
}

bool Errands::add(Work work) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_all();
  return true;
}

void Errands::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work(cancel_);
    work = nullptr;
    lock.lock();
  }
}

}  // namespace m3u_proxy::daemon
