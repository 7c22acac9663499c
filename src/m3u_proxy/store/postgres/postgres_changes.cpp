#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <m3u_proxy/io/descriptor.hpp>
#include <m3u_proxy/store/postgres/postgres_changes.hpp>

namespace m3u_proxy::store::postgres {
namespace {

Topics topic_called(std::string_view name) {
  Topics topics;
  for (std::size_t i = 0; i < kTopicCount; ++i)
    if (to_string(static_cast<Topic>(i)) == name) topics.set(i);
  return topics;
}

class PostgresFeed final : public ChangeFeed {
 public:
  PostgresFeed(std::shared_ptr<ConnectionPool> pool, io::Descriptor wake)
      : pool_(std::move(pool)), wake_(std::move(wake)) {}

  Result<> connect() {
    connection_.reset();
    M3U_TRY(auto connection, pool_->connect());
    M3U_CHECK(connection->script(fmt::format("LISTEN {}", kChannel)));
    connection_ = std::move(connection);
    return {};
  }

  Result<Topics> wait(std::chrono::milliseconds timeout) override {
    if (connection_ == nullptr) return connect_again();
    // What came along with an earlier answer waits in libpq, not in the socket.
    const auto waiting = take();
    if (!waiting) return connect_again();
    if (waiting->any()) return waiting;
    std::array<pollfd, 2> sources = {{{.fd = connection_->socket(), .events = POLLIN, .revents = 0},
                                      {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(sources.data(), sources.size(), static_cast<int>(timeout.count())) < 0 &&
        errno != EINTR)
      return fail(system_error("cannot wait for the database", errno));
    if (sources[1].revents != 0) {
      std::uint64_t count = 0;
      // Nothing to read: somebody else took it.
      [[maybe_unused]] const ssize_t size = ::read(wake_.get(), &count, sizeof count);
    }
    if (sources[0].revents == 0) return Topics{};
    const auto arrived = take();
    return arrived ? arrived : connect_again();
  }

  void wake() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = ::write(wake_.get(), &one, sizeof one);
  }

 private:
  Result<Topics> connect_again() {
    M3U_CHECK(connect());
    return all_topics();
  }

  Result<Topics> take() {
    Topics topics;
    M3U_CHECK(connection_->take_notifications(
        [&](std::string_view payload) { topics |= topic_called(payload); }));
    return topics;
  }

  std::shared_ptr<ConnectionPool> pool_;
  io::Descriptor wake_;
  std::unique_ptr<PostgresConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<ChangeFeed>> listen(std::shared_ptr<ConnectionPool> pool) {
  io::Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return fail(system_error("cannot make an eventfd", errno));
  auto feed = std::make_unique<PostgresFeed>(std::move(pool), std::move(wake));
  M3U_CHECK(feed->connect());
  return feed;
}

}  // namespace m3u_proxy::store::postgres
