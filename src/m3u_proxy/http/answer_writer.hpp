// AnswerWriter: sends one head and body into a Channel, as far as that goes at a time.
//
// Short texts and short ranges of files are gathered in one buffer of 16 KB, so that a published
// file with a replaced word every few hundred bytes does not cost two system calls for each; longer
// ranges go from the file to the socket by themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <m3u_proxy/http/connection/channel.hpp>
#include <m3u_proxy/http/response.hpp>

namespace m3u_proxy::http {

/// Belongs to one thread. Rests without memory between two answers.
class AnswerWriter {
 public:
  enum class State : std::uint8_t { kDone, kTurn, kWaitRead, kWaitWrite, kFailed };

  /// Begins with `buffer`, which holds the head and whose capacity is used again, and goes on with
  /// a text or a body.
  void start(std::string buffer, std::variant<std::string, std::unique_ptr<Body>> body);
  /// Sends until all is sent, the socket takes no more, or so much was sent that it is another
  /// connection's turn (kTurn). kFailed: the connection is of no use any more.
  State step(Channel& channel);
  /// Bytes that were sent of head and body since start().
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  /// Whether there is something to be sent.
  [[nodiscard]] bool busy() const { return busy_; }
  /// Ends the answer and gives the buffer back, empty.
  std::string stop();

 private:
  bool gather();
  bool gather_piece(const Piece& piece);
  Transfer send_once(Channel& channel, std::uint64_t most);

  std::string buffer_;
  std::size_t buffer_sent_ = 0;
  std::string text_;
  std::unique_ptr<Body> body_;
  std::uint64_t body_left_ = 0;  ///< bytes of the body that it has not given yet
  Piece piece_{};                ///< what is left of the piece that is sent after the buffer
  std::uint64_t sent_ = 0;
  bool busy_ = false;
};

}  // namespace m3u_proxy::http
