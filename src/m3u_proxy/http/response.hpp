// Response: what a handler answers. The server adds Date, X-Request-Id, Content-Length, Connection.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <m3u_proxy/http/body.hpp>
#include <m3u_proxy/http/conditions.hpp>
#include <m3u_proxy/http/request.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::http {

class Stream;
/// Gets the stream of an answer once its head is on its way; called on the connection's thread.
using StreamStart = std::function<void(Stream)>;

/// Movable; belongs to one thread at a time.
struct Response {
  int status = 200;
  std::string fields;  ///< `Name: value\r\n` each; see add()
  std::variant<std::string, std::unique_ptr<Body>, StreamStart> body;
  /// Room that the handler reserved for the body, given back when all of it is sent.
  memory::Reservation reservation;

  /// Appends a header field. Control characters in the value, which could end it, become spaces.
  Response& add(std::string_view name, std::string_view value);
};

/// An answer with a text of that type.
Response text_response(int status, std::string body,
                       std::string_view type = "text/plain; charset=utf-8");
/// 302 (or 301, 303, 307, 308) to `location`.
Response redirect_response(std::string_view location, int status = 302);
/// 503 or 429, with Retry-After.
Response retry_response(int status, std::chrono::seconds after, std::string message);
/// 204.
Response empty_response();

/// An answer that goes on as long as it likes: server-sent events. See stream.hpp.
Response event_stream_response(StreamStart start);

/// A body that can be asked for in parts and conditionally.
struct Representation {
  Validators validators;
  std::string type;    ///< Content-Type
  std::string fields;  ///< further header fields, sent with 200, 206 and 304
  std::unique_ptr<Body> body;
};
/// 200, 206, 304, 412 or 416, as the request's conditions and range say.
Response representation_response(const Request& request, Representation representation);

}  // namespace m3u_proxy::http
