// Stream: writes into an answer that is still open, from any thread; server-sent events.
//
// What waits to be sent is bounded: a client that does not read is cut off instead of taking
// memory, and comes back with Last-Event-ID. Copies of a Stream are the same stream.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace m3u_proxy::http {

/// Appends one event as `text/event-stream` has it. `id` and `name` may be empty and hold no line
/// ends; each line of `data` gets its `data:`. Source: WHATWG HTML, "Server-sent events".
void append_event(std::string& out, std::string_view id, std::string_view name,
                  std::string_view data);

/// What both ends of a stream share; made by the server.
class StreamQueue;

class Stream {
 public:
  explicit Stream(std::shared_ptr<StreamQueue> queue);
  Stream(const Stream&) = default;
  Stream(Stream&&) = default;
  Stream& operator=(const Stream&) = default;
  Stream& operator=(Stream&&) = default;
  ~Stream() = default;

  /// Puts bytes into the queue. False: the client is gone, or was just cut off because its queue
  /// is full; nothing more will be sent. Thread-safe, never waits.
  [[nodiscard]] bool send(std::string_view bytes) const;
  /// Ends the answer after what is in the queue. Thread-safe.
  void close() const;
  /// Whether it ended, by whichever side. Thread-safe.
  [[nodiscard]] bool closed() const;

 private:
  std::shared_ptr<StreamQueue> queue_;
};

}  // namespace m3u_proxy::http
