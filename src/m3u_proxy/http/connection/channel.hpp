// Channel: the bytes of one connection, plain or through TLS, without ever waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <m3u_proxy/http/body.hpp>

namespace m3u_proxy::http {

/// What a call on a Channel did. With TLS, reading may have to wait for writing and the reverse.
struct Transfer {
  enum class State : std::uint8_t {
    kMoved,      ///< `bytes` > 0 were read or written
    kWaitRead,   ///< nothing, until the socket can be read
    kWaitWrite,  ///< nothing, until the socket can be written
    kEnd,        ///< the peer sends no more (reading); the file has no more (send_file)
    kFailed,     ///< the connection is of no use any more
  } state = State::kFailed;
  std::size_t bytes = 0;
};

/// Whether more of the same answer follows at once, so that a short packet may wait for it.
enum class More : bool { kNo, kFollows };

/// Belongs to one thread. The socket is not its own.
class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  /// Goes on with the handshake; kMoved (of 0 bytes) once it is done.
  virtual Transfer handshake() = 0;
  virtual Transfer read(std::span<char> buffer) = 0;
  virtual Transfer write(std::string_view bytes, More more) = 0;
  /// Sends up to all of the range.
  virtual Transfer send_file(const FileRange& range) = 0;
  /// Whether bytes may be here already that the socket does not show as readable.
  [[nodiscard]] virtual bool reads_ahead() const { return false; }
  /// Says that nothing follows (TLS close_notify, FIN), as far as that goes without waiting.
  virtual void finish() = 0;
};

std::unique_ptr<Channel> plain_channel(int socket);

}  // namespace m3u_proxy::http
