// Beast's definitions are compiled here only.
#include <algorithm>
#include <limits>

#include <boost/beast/http/basic_parser.hpp>

#include <m3u_proxy/http/request_parser.hpp>
#include <m3u_proxy/http/target.hpp>

namespace m3u_proxy::http {
namespace {

/// The shortest one; no chunked body ends with less.
constexpr std::string_view kLastChunk = "0\r\n\r\n";

namespace beast = boost::beast;
using beast::http::field;
using beast::http::verb;
using BeastError = beast::error_code;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// Beast's way to stop parsing; what is wrong is in our own Refusal.
BeastError stop() { return beast::http::make_error_code(beast::http::error::bad_value); }

/// The state of one message; Beast's parsers can't be used twice.
class Message final : public beast::http::basic_parser<true> {
 public:
  Message(Request& request, std::size_t most_fields)
      : request_(&request), most_fields_(most_fields) {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);  // the receiver's business
    eager(false);
  }

  std::optional<Refusal> refusal;
  BodyReceiver* receiver = nullptr;
  unsigned content_lengths = 0;
  unsigned hosts = 0;
  bool transfer_encoding = false;
  std::string_view expect;

 private:
  void on_request_impl(verb /*verb*/, beast::string_view method, beast::string_view target,
                       int version, BeastError& error) override {
    request_->method_name = view(method);
    request_->method = method_of(request_->method_name);
    request_->target = view(target);
    request_->http_1_0 = version == 10;
    const auto parts = split_target(request_->target);
    if (!parts) return refuse({400, "the request target is not valid"}, error);
    request_->path = parts->path;
    request_->query = parts->query;
    if (!parts->authority.empty())
      request_->headers.push_back({.name = "Host", .value = parts->authority});
  }
  void on_response_impl(int /*code*/, beast::string_view /*reason*/, int /*version*/,
                        BeastError& error) override {
    error = stop();
  }
  void on_field_impl(field name, beast::string_view name_text, beast::string_view value,
                     BeastError& error) override {
    if (is_header_done()) return;  // trailers say nothing that we use
    if (request_->headers.size() >= most_fields_)
      return refuse({431, "the request has too many header fields"}, error);
    switch (name) {
      case field::content_length:
        ++content_lengths;
        // Beast takes a list of equal numbers for one.
        if (!std::ranges::all_of(view(value), is_ascii_digit))
          return refuse({400, "the Content-Length is no number"}, error);
        break;
      case field::host:
        ++hosts;
        break;
      case field::expect:
        expect = view(value);
        break;
      case field::transfer_encoding:
        transfer_encoding = true;
        if (!equals_ascii_case(view(value), "chunked"))
          return refuse({501, "the only transfer coding is chunked"}, error);
        break;
      default:
        break;
    }
    request_->headers.push_back({.name = view(name_text), .value = view(value)});
  }
  void on_header_impl(BeastError& /*error*/) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const& /*length*/,
                         BeastError& /*error*/) override {}
  std::size_t on_body_impl(beast::string_view bytes, BeastError& error) override {
    return take(bytes, error);
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, beast::string_view /*extensions*/,
                            BeastError& /*error*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, beast::string_view bytes,
                                 BeastError& error) override {
    return take(bytes, error);
  }
  void on_finish_impl(BeastError& /*error*/) override {}

  std::size_t take(beast::string_view bytes, BeastError& error) {
    if (const auto wrong = receiver->receive(view(bytes))) refuse(*wrong, error);
    return bytes.size();
  }
  void refuse(Refusal what, BeastError& error) {
    refusal = what;
    error = stop();
  }

  Request* request_;
  std::size_t most_fields_;
};

Refusal refusal_of(const BeastError& error) {
  if (error == beast::http::error::bad_version)
    return {505, "the only versions are HTTP/1.1 and HTTP/1.0"};
  if (error == beast::http::error::bad_target) return {400, "the request target is not valid"};
  return {400, "the request is not valid HTTP"};
}

std::optional<Refusal> check(const Message& message, const Request& request) {
  if (message.content_lengths > 1) return Refusal{400, "there are two Content-Lengths"};
  if (message.transfer_encoding && request.http_1_0)
    return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  // An absolute target's authority is in front of the fields and wins over Host.
  if (message.hosts > 1) return Refusal{400, "there are two Hosts"};
  if (message.hosts == 0 && !request.http_1_0) return Refusal{400, "there is no Host"};
  if (!message.expect.empty() && !equals_ascii_case(message.expect, "100-continue"))
    return Refusal{417, "the only expectation is 100-continue"};
  return std::nullopt;
}

}  // namespace

class RequestParser::Parser {
 public:
  std::optional<Message> message;
};

RequestParser::RequestParser() : parser_(std::make_unique<Parser>()) {}
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse_head(std::string_view head, std::size_t most_fields,
                                                 Request& request) {
  request.headers.clear();
  Message& message = parser_->message.emplace(request, most_fields);
  BeastError error;
  const std::size_t used = message.put(boost::asio::buffer(head.data(), head.size()), error);
  if (message.refusal) return message.refusal;
  if (error) return refusal_of(error);
  if (used != head.size()) return Refusal{400, "the request is not valid HTTP"};
  if (const auto wrong = check(message, request)) return wrong;
  expects_continue_ = !message.expect.empty() && !request.http_1_0;
  return std::nullopt;
}

bool RequestParser::has_body() const { return !parser_->message->is_done(); }

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = parser_->message->content_length();
  if (!length) return std::nullopt;
  return *length;
}

bool RequestParser::keep_alive() const { return parser_->message->keep_alive(); }

RequestParser::BodyProgress RequestParser::parse_body(std::string_view bytes,
                                                      BodyReceiver& receiver) {
  Message& message = *parser_->message;
  message.receiver = &receiver;
  BodyProgress progress;
  while (!message.is_done() && progress.consumed < bytes.size()) {
    const std::string_view rest = bytes.substr(progress.consumed);
    // Beast asserts that it has so much of the last chunk; there is always so much still to come.
    if (message.chunked() && rest.size() < kLastChunk.size()) break;
    BeastError error;
    progress.consumed += message.put(boost::asio::buffer(rest.data(), rest.size()), error);
    if (message.refusal) {
      progress.refusal = message.refusal;
      return progress;
    }
    if (error == beast::http::error::need_more) break;
    if (error) {
      progress.refusal = Refusal{400, "the body is not valid HTTP"};
      return progress;
    }
  }
  progress.complete = message.is_done();
  return progress;
}

}  // namespace m3u_proxy::http
