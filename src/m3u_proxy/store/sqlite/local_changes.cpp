#include <utility>

#include <m3u_proxy/store/sqlite/local_changes.hpp>

namespace m3u_proxy::store::sqlite {

class LocalChanges::Feed final : public ChangeFeed {
 public:
  explicit Feed(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  Result<Topics> wait(std::chrono::milliseconds timeout) override {
    std::unique_lock lock(mailbox_->mutex);
    mailbox_->arrived.wait_for(lock, timeout,
                               [&] { return mailbox_->woken || mailbox_->topics.any(); });
    mailbox_->woken = false;
    return std::exchange(mailbox_->topics, Topics{});
  }

  void wake() override {
    const std::scoped_lock lock(mailbox_->mutex);
    mailbox_->woken = true;
    mailbox_->arrived.notify_one();
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
};

Result<std::unique_ptr<ChangeFeed>> LocalChanges::watch() {
  auto mailbox = std::make_shared<Mailbox>();
  {
    const std::scoped_lock lock(mutex_);
    std::erase_if(mailboxes_, [](const auto& one) { return one.expired(); });
    mailboxes_.push_back(mailbox);
  }
  return std::make_unique<Feed>(std::move(mailbox));
}

void LocalChanges::tell(Topics topics) {
  const std::scoped_lock lock(mutex_);
  for (const auto& one : mailboxes_) {
    const auto mailbox = one.lock();
    if (mailbox == nullptr) continue;
    const std::scoped_lock mail_lock(mailbox->mutex);
    mailbox->topics |= topics;
    mailbox->arrived.notify_one();
  }
}

}  // namespace m3u_proxy::store::sqlite
