#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <m3u_proxy/http/connection/openssl_library.hpp>
#include <m3u_proxy/http/connection/tls.hpp>

namespace m3u_proxy::http {
namespace {

/// What is read of a file at a time: a record of TLS.
constexpr std::size_t kRecord = 16384;

std::string last_error(const OpenSslLibrary& ssl) {
  std::array<char, 256> text{};
  ssl.err_error_string_n(ssl.err_get_error(), text.data(), text.size());
  ssl.err_clear_error();
  return text.data();
}

class TlsChannel final : public Channel {
 public:
  TlsChannel(const OpenSslLibrary& library, SSL* ssl, int socket)
      : library_(library), ssl_(ssl), socket_(socket) {}
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;
  ~TlsChannel() override { library_.ssl_free(ssl_); }

  Transfer handshake() override {
    library_.err_clear_error();
    const int result = library_.ssl_accept(ssl_);
    return result == 1 ? Transfer{.state = Transfer::State::kMoved} : stopped(result);
  }

  Transfer read(std::span<char> buffer) override {
    library_.err_clear_error();
    const int got = library_.ssl_read(ssl_, buffer.data(), bounded(buffer.size()));
    return got > 0 ? moved(got) : stopped(got);
  }

  Transfer write(std::string_view bytes, More /*more*/) override {
    library_.err_clear_error();
    const int put = library_.ssl_write(ssl_, bytes.data(), bounded(bytes.size()));
    return put > 0 ? moved(put) : stopped(put);
  }

  // The same bytes are read and given again after a wait, as SSL_write wants it.
  Transfer send_file(const FileRange& range) override {
    std::array<char, kRecord> record;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(range.length, kRecord));
    ssize_t got = 0;
    do got = ::pread(range.fd, record.data(), length, static_cast<off_t>(range.offset));
    while (got < 0 && errno == EINTR);
    if (got < 0) return {.state = Transfer::State::kFailed};
    if (got == 0) return {.state = Transfer::State::kEnd};
    return write({record.data(), static_cast<std::size_t>(got)}, More::kNo);
  }

  [[nodiscard]] bool reads_ahead() const override { return true; }

  void finish() override {
    library_.err_clear_error();
    if (usable_) library_.ssl_shutdown(ssl_);
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  static int bounded(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
  }
  static Transfer moved(int bytes) {
    return {.state = Transfer::State::kMoved, .bytes = static_cast<std::size_t>(bytes)};
  }
  Transfer stopped(int result) {
    switch (library_.ssl_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        return {.state = Transfer::State::kWaitRead};
      case SSL_ERROR_WANT_WRITE:
        return {.state = Transfer::State::kWaitWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {.state = Transfer::State::kEnd};
      default:
        usable_ = false;  // SSL_shutdown must not be called after a fatal error
        return {.state = Transfer::State::kFailed};
    }
  }

  const OpenSslLibrary& library_;
  SSL* ssl_;
  int socket_;
  bool usable_ = true;
};

/// Chooses http/1.1 from what the client offers; without it the handshake goes on without ALPN.
int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void* /*argument*/) {
  constexpr std::string_view kProtocol = "http/1.1";
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_size);
  for (std::size_t i = 0; i < list.size();) {
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(list[i]));
    if (list.substr(i + 1, size) == kProtocol) {
      *out = offered + i + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
    i += 1 + size;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

/// One reading of the files; connections keep what they began with.
class TlsIdentity::Context {
 public:
  explicit Context(const OpenSslLibrary& library)
      : library_(library), context_(library.ctx_new(library.tls_server_method())) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { library_.ctx_free(context_); }

  Result<> read(const std::string& certificate, const std::string& key) {
    library_.err_clear_error();
    library_.ctx_ctrl(context_, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
    library_.ctx_ctrl(context_, SSL_CTRL_MODE,
                      SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                      nullptr);
    library_.ctx_ctrl(context_, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, nullptr);
    // Renegotiation lets a client make us work for nothing; a missing close_notify is ordinary.
    library_.ctx_set_options(context_, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    library_.ctx_set_num_tickets(context_, 0);
    library_.ctx_set_alpn_select_cb(context_, choose_protocol, nullptr);
    if (library_.ctx_use_certificate_chain_file(context_, certificate.c_str()) != 1)
      return unreadable("certificate", certificate);
    if (library_.ctx_use_private_key_file(context_, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        library_.ctx_check_private_key(context_) != 1)
      return unreadable("key of the certificate", key);
    return {};
  }

  std::unique_ptr<Channel> accept(int socket) const {
    SSL* ssl = library_.ssl_new(context_);
    if (ssl == nullptr) return nullptr;
    auto channel = std::make_unique<TlsChannel>(library_, ssl, socket);
    if (library_.ssl_set_fd(ssl, socket) != 1) return nullptr;
    return channel;
  }

 private:
  Result<> unreadable(std::string_view what, std::string_view file) {
    return fail(ErrorCode::kConfig,
                fmt::format("cannot use the {} '{}': {}", what, file, last_error(library_)),
                "both have to be PEM files that belong together");
  }

  const OpenSslLibrary& library_;
  SSL_CTX* context_;
};

TlsIdentity::TlsIdentity(std::filesystem::path certificate, std::filesystem::path key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {}

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::load(std::filesystem::path certificate,
                                                       std::filesystem::path key) {
  std::unique_ptr<TlsIdentity> identity(new TlsIdentity(std::move(certificate), std::move(key)));
  M3U_CHECK(identity->reload());
  return identity;
}

Result<> TlsIdentity::reload() {
  M3U_TRY(const OpenSslLibrary* library, openssl_library());
  auto context = std::make_shared<Context>(*library);
  M3U_CHECK(context->read(certificate_.string(), key_.string()));
  const std::scoped_lock lock(mutex_);
  context_ = std::move(context);
  return {};
}

std::unique_ptr<Channel> TlsIdentity::accept(int socket) const {
  std::shared_ptr<const Context> context;
  {
    const std::scoped_lock lock(mutex_);
    context = context_;
  }
  return context->accept(socket);
}

}  // namespace m3u_proxy::http
