#include <dlfcn.h>
#include <fmt/format.h>

#include <m3u_proxy/http/connection/openssl_library.hpp>

namespace m3u_proxy::http {
namespace {

constexpr const char* kFile = "libssl.so.3";  // brings libcrypto.so.3

std::unexpected<Error> not_usable(std::string_view why) {
  return fail(ErrorCode::kIo, fmt::format("cannot load {}: {}", kFile, why),
              "TLS needs OpenSSL 3: install the package libssl3");
}

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<OpenSslLibrary> load() {
  void* library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return not_usable(::dlerror());
  OpenSslLibrary ssl{};
  const bool complete =
      find(library, "TLS_server_method", ssl.tls_server_method) &&
      find(library, "SSL_CTX_new", ssl.ctx_new) && find(library, "SSL_CTX_free", ssl.ctx_free) &&
      find(library, "SSL_CTX_ctrl", ssl.ctx_ctrl) &&
      find(library, "SSL_CTX_set_options", ssl.ctx_set_options) &&
      find(library, "SSL_CTX_set_num_tickets", ssl.ctx_set_num_tickets) &&
      find(library, "SSL_CTX_use_certificate_chain_file", ssl.ctx_use_certificate_chain_file) &&
      find(library, "SSL_CTX_use_PrivateKey_file", ssl.ctx_use_private_key_file) &&
      find(library, "SSL_CTX_check_private_key", ssl.ctx_check_private_key) &&
      find(library, "SSL_CTX_set_alpn_select_cb", ssl.ctx_set_alpn_select_cb) &&
      find(library, "SSL_new", ssl.ssl_new) && find(library, "SSL_free", ssl.ssl_free) &&
      find(library, "SSL_set_fd", ssl.ssl_set_fd) && find(library, "SSL_accept", ssl.ssl_accept) &&
      find(library, "SSL_read", ssl.ssl_read) && find(library, "SSL_write", ssl.ssl_write) &&
      find(library, "SSL_shutdown", ssl.ssl_shutdown) &&
      find(library, "SSL_get_error", ssl.ssl_get_error) &&
      find(library, "ERR_clear_error", ssl.err_clear_error) &&
      find(library, "ERR_get_error", ssl.err_get_error) &&
      find(library, "ERR_error_string_n", ssl.err_error_string_n);
  if (!complete) return not_usable("it is older than 3.0");
  return ssl;
}

}  // namespace

Result<const OpenSslLibrary*> openssl_library() {
  static const Result<OpenSslLibrary> kLibrary = load();
  if (!kLibrary) return fail(kLibrary.error());
  return &*kLibrary;
}

}  // namespace m3u_proxy::http
