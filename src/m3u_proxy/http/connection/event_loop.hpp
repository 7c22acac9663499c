// EventLoop: waits until descriptors are ready, on one thread; the only place that knows Asio.
//
// Everything but post() belongs to the thread that runs it. What waits is held by the loop until it
// was told or cancelled.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::http {

enum class Direction : std::uint8_t { kRead, kWrite };

/// Is told that a descriptor is ready.
class ReadyHandler {
 public:
  ReadyHandler() = default;
  ReadyHandler(const ReadyHandler&) = delete;
  ReadyHandler& operator=(const ReadyHandler&) = delete;
  virtual ~ReadyHandler() = default;
  /// Reading or writing will not block (or will fail, which tells why).
  virtual void on_ready(Direction direction) = 0;
};

class EventLoop {
 public:
  using Task = std::move_only_function<void()>;

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Runs until nothing waits any more.
  void run();
  /// Runs `task` on the loop's thread, soon. Thread-safe. After run() it never runs, but is
  /// destroyed with the loop.
  void post(Task task);

  /// A descriptor in the loop, which owns it. Closing it cancels what waits for it, untold.
  class Watch {
   public:
    Watch(EventLoop& loop, io::Descriptor descriptor);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();
    [[nodiscard]] int fd() const;
    [[nodiscard]] bool open() const;
    /// Tells `handler` once, and not before this call has returned.
    void wait(Direction direction, std::shared_ptr<ReadyHandler> handler);
    void close();

   private:
    class State;
    std::unique_ptr<State> state_;
  };

  /// One clock alarm at a time.
  class Alarm {
   public:
    explicit Alarm(EventLoop& loop);
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    ~Alarm();
    /// Runs `task` after `time`; one that was set before is cancelled.
    void set(std::chrono::milliseconds time, Task task);
    void cancel();

   private:
    class State;
    std::unique_ptr<State> state_;
  };

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace m3u_proxy::http
