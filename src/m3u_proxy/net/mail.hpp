// send_mail(): hands a message of plain text to a mail server (RFC 5321, RFC 5322), by libcurl.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/net/address_guard.hpp>

namespace m3u_proxy::net {

struct MailServer {
  /// "smtp://host:587", "smtps://host"; "user:password@" in it, percent-encoded, logs in. With
  /// "smtp" the connection is encrypted where the server can, and always where it is to log in.
  std::string url;
  std::shared_ptr<const AddressGuard> guard{};  ///< whom it may connect to; nullptr: anybody
};

struct MailMessage {
  std::string from;  ///< an address
  std::vector<std::string> to;
  std::string subject;
  std::string text;  ///< UTF-8
  std::int64_t time = 0;
};

/// The message as it is sent: header fields, CRLF, Base64 where it is not ASCII.
std::string mail_text(const MailMessage& message);

/// Waits up to 20 s. Errors: kNetwork, without what the address keeps secret; kCancelled within a
/// second; kInvalidArgument for addresses that are none, and the guard's. Thread-safe.
Result<> send_mail(const MailServer& server, const MailMessage& message, const CancelToken* cancel);

}  // namespace m3u_proxy::net
