// TlsIdentity: the certificate and key that a listener shows, as files that may change meanwhile.
//
// TLS 1.2 and 1.3, HTTP/1.1 only. OpenSSL works on the socket itself, gives its buffers back while
// a connection rests, and keeps neither tickets nor sessions: 16 KB a connection.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/http/connection/channel.hpp>

namespace m3u_proxy::http {

class TlsIdentity {
 public:
  /// Reads a certificate chain and its key, both PEM. Errors: kConfig, naming the file; kIo without
  /// OpenSSL.
  static Result<std::unique_ptr<TlsIdentity>> load(std::filesystem::path certificate,
                                                   std::filesystem::path key);
  /// Reads the files again: new connections show what they say now. On an error the old ones stay.
  /// Thread-safe.
  Result<> reload();
  /// The server's end of TLS on a socket; nullptr when OpenSSL refuses. Thread-safe.
  std::unique_ptr<Channel> accept(int socket) const;

 private:
  class Context;
  TlsIdentity(std::filesystem::path certificate, std::filesystem::path key);

  std::filesystem::path certificate_;
  std::filesystem::path key_;
  mutable std::mutex mutex_;  ///< guards context_
  std::shared_ptr<const Context> context_;
};

}  // namespace m3u_proxy::http
