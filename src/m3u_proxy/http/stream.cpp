#include <algorithm>
#include <utility>

#include <m3u_proxy/http/session.hpp>
#include <m3u_proxy/http/stream.hpp>
#include <m3u_proxy/http/stream_queue.hpp>

namespace m3u_proxy::http {

void append_event(std::string& out, std::string_view id, std::string_view name,
                  std::string_view data) {
  const auto line = [&out](std::string_view field, std::string_view value) {
    out.append(field).append(value);
    out += '\n';
  };
  if (!id.empty()) line("id: ", id);
  if (!name.empty()) line("event: ", name);
  while (true) {
    const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
    line("data: ", data.substr(0, end));
    if (end == data.size()) break;
    data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  out += '\n';
}

bool StreamQueue::send(std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  if (state_ != State::kOpen) return false;
  if (bytes_.size() + bytes.size() > most_) {
    state_ = State::kOverflow;
    std::string().swap(bytes_);  // an assignment of nothing would keep its memory
    woken_ = false;              // the connection waits for its client, not for this queue
  } else {
    bytes_ += bytes;
  }
  wake();
  return state_ == State::kOpen;
}

void StreamQueue::close() {
  const std::scoped_lock lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kClosed;
  wake();
}

bool StreamQueue::closed() { return state() != State::kOpen; }

void StreamQueue::wake() {
  if (std::exchange(woken_, true)) return;
  mailbox_->post([connection = connection_](Worker& worker) {
    if (Session* session = worker.find(connection)) session->wake();
  });
}

std::string StreamQueue::take() {
  const std::scoped_lock lock(mutex_);
  woken_ = false;
  return std::exchange(bytes_, {});
}

StreamQueue::State StreamQueue::state() {
  const std::scoped_lock lock(mutex_);
  return state_;
}

void StreamQueue::end() {
  const std::scoped_lock lock(mutex_);
  state_ = State::kGone;
  std::string().swap(bytes_);
  room_.release();
}

Stream::Stream(std::shared_ptr<StreamQueue> queue) : queue_(std::move(queue)) {}
bool Stream::send(std::string_view bytes) const { return queue_->send(bytes); }
void Stream::close() const { queue_->close(); }
bool Stream::closed() const { return queue_->closed(); }

}  // namespace m3u_proxy::http
