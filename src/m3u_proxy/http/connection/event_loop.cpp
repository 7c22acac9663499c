// <utility> has to come before Asio.
#include <utility>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <m3u_proxy/http/connection/event_loop.hpp>

namespace m3u_proxy::http {
namespace {

namespace asio = boost::asio;
// With the concrete type instead of any_io_executor nothing is allocated to remember it.
using Executor = asio::io_context::executor_type;
using AsioDescriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

}  // namespace

class EventLoop::State {
 public:
  asio::io_context context{1};
};

EventLoop::EventLoop() : state_(std::make_unique<State>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() { state_->context.run(); }

void EventLoop::post(Task task) { asio::post(state_->context, std::move(task)); }

class EventLoop::Watch::State {
 public:
  State(asio::io_context& context, int fd) : descriptor(context.get_executor(), fd) {}
  AsioDescriptor descriptor;
};

EventLoop::Watch::Watch(EventLoop& loop, io::Descriptor descriptor)
    : state_(std::make_unique<State>(loop.state_->context, descriptor.get())) {
  static_cast<void>(descriptor.release());
}
EventLoop::Watch::~Watch() = default;

int EventLoop::Watch::fd() const { return state_->descriptor.native_handle(); }
bool EventLoop::Watch::open() const { return state_->descriptor.is_open(); }

void EventLoop::Watch::wait(Direction direction, std::shared_ptr<ReadyHandler> handler) {
  state_->descriptor.async_wait(
      direction == Direction::kRead ? AsioDescriptor::wait_read : AsioDescriptor::wait_write,
      [direction, handler = std::move(handler)](const boost::system::error_code& error) {
        if (error != asio::error::operation_aborted) handler->on_ready(direction);
      });
}

void EventLoop::Watch::close() {
  boost::system::error_code ignored;
  state_->descriptor.close(ignored);
}

class EventLoop::Alarm::State {
 public:
  explicit State(asio::io_context& context) : timer(context.get_executor()) {}
  Timer timer;
};

EventLoop::Alarm::Alarm(EventLoop& loop) : state_(std::make_unique<State>(loop.state_->context)) {}
EventLoop::Alarm::~Alarm() = default;

void EventLoop::Alarm::set(std::chrono::milliseconds time, Task task) {
  state_->timer.expires_after(time);
  state_->timer.async_wait(
      [task = std::move(task)](const boost::system::error_code& error) mutable {
        if (!error) task();
      });
}

void EventLoop::Alarm::cancel() { state_->timer.cancel(); }

}  // namespace m3u_proxy::http
