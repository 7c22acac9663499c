#include <utility>

#include <m3u_proxy/base/log.hpp>
#include <m3u_proxy/jobs/depot_keeper.hpp>
#include <m3u_proxy/memory/guarded.hpp>

namespace m3u_proxy::jobs {

DepotKeeper::DepotKeeper(Refresher& refresher, Generator& generator,
                         std::function<std::shared_ptr<const Model>()> model)
    : refresher_(refresher),
      generator_(generator),
      model_(std::move(model)),
      thread_([this] { work(); }) {}

DepotKeeper::~DepotKeeper() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

void DepotKeeper::share() {
  {
    const std::scoped_lock lock(mutex_);
    share_ = true;
  }
  wanted_.notify_all();
}

void DepotKeeper::tidy(store::Time before) {
  {
    const std::scoped_lock lock(mutex_);
    tidy_ = before;
  }
  wanted_.notify_all();
}

void DepotKeeper::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] { return stopping_ || share_ || tidy_; });
    if (stopping_) return;
    const bool share = std::exchange(share_, false);
    const auto tidy = std::exchange(tidy_, std::nullopt);
    lock.unlock();
    const Result<> done = memory::guarded([&]() -> Result<> {
      const auto model = model_();
      if (share) {
        refresher_.share(*model);
        generator_.share(*model);
      }
      if (!tidy) return {};
      M3U_CHECK(refresher_.tidy_depot(*model, *tidy));
      return generator_.tidy_depot(*model, *tidy);
    });
    lock.lock();
    if (!done && !stopping_)
      log::warn("depot", "what nobody needs is not deleted everywhere: {}",
                to_string(done.error()));
  }
}

}  // namespace m3u_proxy::jobs
