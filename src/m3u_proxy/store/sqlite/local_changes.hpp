// LocalChanges: news of changes where all who change something are threads of this process.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include <m3u_proxy/store/changes.hpp>

namespace m3u_proxy::store::sqlite {

/// Thread-safe; outlives its feeds or not.
class LocalChanges {
 public:
  Result<std::unique_ptr<ChangeFeed>> watch();
  void tell(Topics topics);

 private:
  class Feed;
  struct Mailbox {
    std::mutex mutex;
    std::condition_variable arrived;
    Topics topics;
    bool woken = false;
  };

  std::mutex mutex_;
  std::vector<std::weak_ptr<Mailbox>> mailboxes_;
};

}  // namespace m3u_proxy::store::sqlite
