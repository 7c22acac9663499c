#include <cerrno>

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <m3u_proxy/http/connection/channel.hpp>

namespace m3u_proxy::http {
namespace {

Transfer moved(ssize_t bytes) {
  return {.state = Transfer::State::kMoved, .bytes = static_cast<std::size_t>(bytes)};
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(int socket) : socket_(socket) {}

  Transfer handshake() override { return moved(0); }

  Transfer read(std::span<char> buffer) override {
    ssize_t got = 0;
    do got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0) return moved(got);
    if (got == 0) return {.state = Transfer::State::kEnd};
    return {.state = would_block() ? Transfer::State::kWaitRead : Transfer::State::kFailed};
  }

  Transfer write(std::string_view bytes, More more) override {
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more == More::kFollows ? MSG_MORE : 0);
    ssize_t put = 0;
    do put = ::send(socket_, bytes.data(), bytes.size(), flags);
    while (put < 0 && errno == EINTR);
    return written(put);
  }

  // The socket is non-blocking; SIGPIPE is ignored by Server::start(), since there is no flag here.
  Transfer send_file(const FileRange& range) override {
    auto offset = static_cast<off_t>(range.offset);
    ssize_t put = 0;
    do put = ::sendfile(socket_, range.fd, &offset, range.length);
    while (put < 0 && errno == EINTR);
    if (put == 0) return {.state = Transfer::State::kEnd};
    return written(put);
  }

  void finish() override { ::shutdown(socket_, SHUT_WR); }

 private:
  static Transfer written(ssize_t put) {
    if (put >= 0) return moved(put);
    return {.state = would_block() ? Transfer::State::kWaitWrite : Transfer::State::kFailed};
  }

  int socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
  return std::make_unique<PlainChannel>(socket);
}

}  // namespace m3u_proxy::http
