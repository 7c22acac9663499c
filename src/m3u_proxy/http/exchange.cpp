#include <algorithm>
#include <cstring>

#include <m3u_proxy/http/exchange.hpp>
#include <m3u_proxy/http/route.hpp>

namespace m3u_proxy::http {
namespace {

constexpr Refusal kNoMemory{503, "there is no memory for the body now"};
constexpr Refusal kTooLong{413, "the body is longer than this address takes"};

Refusal refusal_of(const Error& error) {
  if (error.code == ErrorCode::kOverBudget) return kNoMemory;
  if (error.code == ErrorCode::kDiskFull) return {503, "there is no room on the disk now"};
  return {400, "the body can't be used"};
}

}  // namespace

void Input::reserve(std::size_t size) {
  if (size <= capacity) return;
  auto more = std::make_unique_for_overwrite<char[]>(size);
  if (end != 0) std::memcpy(more.get(), bytes.get(), end);
  bytes = std::move(more);
  capacity = size;
}

void Input::compact() {
  if (begin == 0) return;
  std::memmove(bytes.get(), bytes.get() + begin, end - begin);
  end -= begin;
  begin = 0;
}

void Input::append(std::string_view more) {
  reserve(end + more.size());
  if (!more.empty()) std::memcpy(bytes.get() + end, more.data(), more.size());
  end += more.size();
}

std::optional<Refusal> Exchange::start_body(memory::Budget& from) {
  budget = &from;
  body_limit = route->options.body_limit;
  received = 0;
  const auto length = parser.content_length();
  if (length && *length > body_limit) return kTooLong;
  if (length) body_limit = *length;
  if (route->options.open_sink) {
    auto sink = route->options.open_sink(request);
    if (!sink) return refusal_of(sink.error());
    request.sink = *std::move(sink);
  }
  const std::uint64_t whole = request.sink ? 0 : length.value_or(0);
  auto room = budget->reserve(memory::Tag::kHttp, {kBodyRoom + whole});
  if (!room) return kNoMemory;
  body_room = *std::move(room);
  // There is room for all of it, which is taken as it comes: who only announces a body, and many of
  // them at once, keeps memory from nobody.
  const std::uint64_t first = std::min<std::uint64_t>(whole, kFirstBody);
  if (!body_room.resize({kBodyRoom + first})) return kNoMemory;
  body.reserve(first);
  body_input.reserve(kBodyRoom);
  body_input.begin = body_input.end = 0;
  body_input.append(head.text().substr(0, std::min(head.end - head.begin, kBodyRoom)));
  head.begin += body_input.end;
  return std::nullopt;
}

std::optional<Refusal> Exchange::receive(std::string_view bytes) {
  received += bytes.size();
  if (received > body_limit) return kTooLong;
  if (request.sink) {
    if (auto written = request.sink->write(bytes); !written) return refusal_of(written.error());
    return std::nullopt;
  }
  if (received > body.capacity()) {
    const std::uint64_t wanted = std::min(body_limit, std::max(received, 2 * body.capacity()));
    // While it grows the old text and the new one are there.
    if (!body_room.resize({kBodyRoom + body.capacity() + wanted})) return kNoMemory;
    body.reserve(wanted);
    if (!body_room.resize({kBodyRoom + body.capacity()})) return kNoMemory;
  }
  body += bytes;
  return std::nullopt;
}

void Exchange::next() {
  if (body_input.capacity != 0) {
    // All that came behind the head was put there.
    head.begin = head.end = 0;
    head.append(body_input.text());
    body_input = {};
  }
  head.compact();
  scanner = {};
  request.method = Method::kOther;
  request.headers.clear();
  request.parameters.clear();
  request.sink.reset();
  request.body = {};
  route = nullptr;
  body = {};
  body_room.release();
}

void Exchange::clear() {
  body_input = {};
  next();
  head.begin = head.end = 0;
  if (head.capacity > kFirstRoom) head = {};
  grown.release();
}

}  // namespace m3u_proxy::http
