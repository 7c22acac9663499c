// RequestParser: one request, head and body, from bytes; what is ambiguous is refused.
//
// Boost.Beast's parser does the work, without its message types: fields are views into the head.
// On top of it are refused: a second Content-Length even if equal, any Transfer-Encoding but
// `chunked`, one in HTTP/1.0, and a Host that is missing or twice in HTTP/1.1. No I/O, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/http/request.hpp>

namespace m3u_proxy::http {

/// An answer that a request gets because of what it is: a status and a sentence.
struct Refusal {
  int status = 400;
  std::string_view why;
};

/// Takes the bytes of a body as they come.
class BodyReceiver {
 public:
  BodyReceiver() = default;
  BodyReceiver(const BodyReceiver&) = delete;
  BodyReceiver& operator=(const BodyReceiver&) = delete;
  virtual ~BodyReceiver() = default;
  /// What is wrong with going on, if anything is; no further call is made then.
  virtual std::optional<Refusal> receive(std::string_view bytes) = 0;
};

class RequestParser {
 public:
  RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;
  ~RequestParser();

  /// Parses a head that HeadScanner found complete (without the lines it skipped) into `request`,
  /// whose views then refer to it. At most `most_fields` fields. Starts a new request.
  std::optional<Refusal> parse_head(std::string_view head, std::size_t most_fields,
                                    Request& request);

  // After parse_head():
  [[nodiscard]] bool has_body() const;
  /// nullopt: chunked, or there is none.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  /// Whether the client wants the connection to stay open.
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

  struct BodyProgress {
    std::size_t consumed = 0;  ///< what was not consumed has to come again, with more behind it
    bool complete = false;
    std::optional<Refusal> refusal{};
  };
  /// Parses what comes after the head; only while has_body() and not complete.
  BodyProgress parse_body(std::string_view bytes, BodyReceiver& receiver);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  bool expects_continue_ = false;
};

}  // namespace m3u_proxy::http
