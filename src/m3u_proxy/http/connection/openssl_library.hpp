// OpenSSL, loaded when the first certificate is: what has none does not pay for it.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::http {

/// The functions of OpenSSL 3 that we use, typed by its own headers.
struct OpenSslLibrary {
  decltype(&TLS_server_method) tls_server_method;
  decltype(&SSL_CTX_new) ctx_new;
  decltype(&SSL_CTX_free) ctx_free;
  decltype(&SSL_CTX_ctrl) ctx_ctrl;
  decltype(&SSL_CTX_set_options) ctx_set_options;
  decltype(&SSL_CTX_set_num_tickets) ctx_set_num_tickets;
  decltype(&SSL_CTX_use_certificate_chain_file) ctx_use_certificate_chain_file;
  decltype(&SSL_CTX_use_PrivateKey_file) ctx_use_private_key_file;
  decltype(&SSL_CTX_check_private_key) ctx_check_private_key;
  decltype(&SSL_CTX_set_alpn_select_cb) ctx_set_alpn_select_cb;
  decltype(&SSL_new) ssl_new;
  decltype(&SSL_free) ssl_free;
  decltype(&SSL_set_fd) ssl_set_fd;
  decltype(&SSL_accept) ssl_accept;
  decltype(&SSL_read) ssl_read;
  decltype(&SSL_write) ssl_write;
  decltype(&SSL_shutdown) ssl_shutdown;
  decltype(&SSL_get_error) ssl_get_error;
  decltype(&ERR_clear_error) err_clear_error;
  decltype(&ERR_get_error) err_get_error;
  decltype(&ERR_error_string_n) err_error_string_n;
};

/// Loads it once and keeps it for good. Thread-safe.
/// Error: kIo, naming the package, when it is not installed.
Result<const OpenSslLibrary*> openssl_library();

}  // namespace m3u_proxy::http
