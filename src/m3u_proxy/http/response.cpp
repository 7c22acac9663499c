#include <iterator>
#include <span>

#include <fmt/format.h>

#include <m3u_proxy/base/line_text.hpp>
#include <m3u_proxy/http/http_date.hpp>
#include <m3u_proxy/http/response.hpp>

namespace m3u_proxy::http {

Response& Response::add(std::string_view name, std::string_view value) {
  fields.append(name);
  fields.append(": ");
  const std::size_t start = fields.size();
  fields.append(value);
  blank_controls(std::span(fields).subspan(start));
  fields.append("\r\n");
  return *this;
}

Response text_response(int status, std::string body, std::string_view type) {
  Response response{.status = status, .fields = {}, .body = std::move(body), .reservation = {}};
  response.add("Content-Type", type);
  return response;
}

Response redirect_response(std::string_view location, int status) {
  Response response = text_response(status, fmt::format("{}\n", location));
  response.add("Location", location);
  return response;
}

Response retry_response(int status, std::chrono::seconds after, std::string message) {
  message += '\n';
  Response response = text_response(status, std::move(message));
  response.add("Retry-After", fmt::format_int(after.count()).c_str());
  return response;
}

Response empty_response() {
  Response response;
  response.status = 204;
  return response;
}

Response event_stream_response(StreamStart start) {
  Response response;
  response.body = std::move(start);
  response.add("Content-Type", "text/event-stream");
  response.add("Cache-Control", "no-store");
  response.add("X-Accel-Buffering", "no");
  return response;
}

Response representation_response(const Request& request, Representation representation) {
  const Validators& validators = representation.validators;
  const std::uint64_t size = representation.body->size();
  Response response;
  const auto describe = [&] {
    if (!validators.etag.empty()) response.add("ETag", validators.etag);
    if (validators.last_modified)
      response.add("Last-Modified", format_http_date(*validators.last_modified));
    response.fields += representation.fields;
  };
  switch (evaluate_conditions(request.method, request.headers, validators)) {
    case Condition::kPreconditionFailed:
      return text_response(412, "it is another version by now\n");
    case Condition::kNotModified:
      response.status = 304;
      describe();
      return response;
    case Condition::kGoOn:
      break;
  }
  const RangeAnswer range = request.method == Method::kGet
                                ? evaluate_range(request.headers, validators, size)
                                : RangeAnswer{};
  if (range.kind == RangeAnswer::Kind::kNotSatisfiable) {
    response = text_response(416, fmt::format("there are {} bytes\n", size));
    response.add("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  describe();
  response.add("Content-Type", representation.type);
  response.add("Accept-Ranges", "bytes");
  if (range.kind == RangeAnswer::Kind::kPart) {
    const auto [offset, length] = range.part;
    response.status = 206;
    response.add("Content-Range", fmt::format("bytes {}-{}/{}", offset, offset + length - 1, size));
    response.body = part_of(std::move(representation.body), offset, length);
  } else {
    response.body = std::move(representation.body);
  }
  return response;
}

}  // namespace m3u_proxy::http
