#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include <m3u_proxy/base/text.hpp>
#include <m3u_proxy/net/curl_handle.hpp>
#include <m3u_proxy/net/mail.hpp>

namespace m3u_proxy::net {
namespace {

/// A line of mail has 76 characters at most, without its end (RFC 2045 §6.7).
constexpr std::size_t kLongestLine = 76;

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '='; }

/// Quoted-Printable, with CRLF.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool as_is = is_plain(text[i]) && !(text[i] == ' ' && ends_line);
    const std::string piece = as_is ? std::string(1, text[i])
                                    : fmt::format("={:02X}", static_cast<unsigned char>(text[i]));
    if (column + piece.size() >= kLongestLine) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

/// The value of a header field: as it is, or in encoded words (RFC 2047).
std::string field_text(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }))
    return std::string(text);
  constexpr std::size_t kLongestWord = 45;  // bytes of text, so that a word has 75 characters
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = std::min(begin + kLongestWord / 3, text.size());
    // A character is not cut.
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    out += out.empty() ? "=?UTF-8?Q?" : "\r\n =?UTF-8?Q?";
    for (const char c : text.substr(begin, end - begin))
      out += is_ascii_alpha(c) || is_ascii_digit(c)
                 ? std::string(1, c)
                 : fmt::format("={:02X}", static_cast<unsigned char>(c));
    out += "?=";
    begin = end;
  }
  return out;
}

/// RFC 5322 §3.3.
std::string date_of(std::int64_t time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds moment{std::chrono::seconds(time)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(moment - day);
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays.at(std::chrono::weekday(day).c_encoding()),
      static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

bool is_address(std::string_view text) {
  return text.find('@') != std::string_view::npos && std::ranges::all_of(text, [](char c) {
           return c > ' ' && c <= '~' && c != '<' && c != '>' && c != ',';
         });
}

/// What is still to be sent.
struct Upload {
  std::string_view rest;
};

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* user) {
  Upload& upload = *static_cast<Upload*>(user);
  const std::size_t some = std::min(size * count, upload.rest.size());
  std::memcpy(buffer, upload.rest.data(), some);
  upload.rest.remove_prefix(some);
  return some;
}

}  // namespace

std::string mail_text(const MailMessage& message) {
  std::string to;
  for (const std::string& address : message.to) to += (to.empty() ? "" : ", ") + address;
  return fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "Auto-Submitted: auto-generated\r\n\r\n{}\r\n",
      date_of(message.time), message.from, to, field_text(message.subject),
      quoted_printable(message.text));
}

Result<> send_mail(const MailServer& server, const MailMessage& message,
                   const CancelToken* cancel) {
  if (!is_address(message.from) || message.to.empty() ||
      !std::ranges::all_of(message.to, is_address))
    return fail(ErrorCode::kInvalidArgument, "a mail needs addresses such as me@example.org");
  M3U_TRY(CurlHandle handle, CurlHandle::create(cancel));
  const bool logs_in = server.url.find('@') != std::string::npos;
  const std::string text = mail_text(message);
  Upload upload{.rest = text};
  handle.set_guard(server.guard);
  handle.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  handle.set(CURLOPT_URL, server.url.c_str());
  handle.set(CURLOPT_USE_SSL, static_cast<long>(logs_in ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  handle.set(CURLOPT_MAIL_FROM, message.from.c_str());
  handle.set_list(CURLOPT_MAIL_RCPT, message.to);
  handle.set(CURLOPT_UPLOAD, 1L);
  handle.set(CURLOPT_READFUNCTION, &give);
  handle.set(CURLOPT_READDATA, static_cast<void*>(&upload));
  return handle.perform(redact_url(server.url));
}

}  // namespace m3u_proxy::net
