#include <algorithm>
#include <cstring>
#include <utility>

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
  const std::uint64_t most = kBodyRoom + std::min<std::uint64_t>(whole, kEarnest) + whole;
  if (most > budget->limit().count) return kNoMemory;
  const std::uint64_t first = std::min<std::uint64_t>(whole, kFirstBody);
  auto room = budget->reserve(memory::Tag::kHttp, {kBodyRoom + first});
  if (!room) return kNoMemory;
  body_room = *std::move(room);
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
  if (received > body.capacity())
    if (const auto refusal = grow_body()) return refusal;
  body += bytes;
  return std::nullopt;
}

/// Of a body's text, at least `received`. While it grows the old text and the new one are there, so
/// one whose length is known grows to all of it while it is small: doubling to the end would need
/// half as much again.
std::uint64_t Exchange::next_capacity() const {
  const std::uint64_t doubled =
      std::min(body_limit, std::max<std::uint64_t>(received, 2 * body.capacity()));
  if (!parser.content_length()) return doubled;
  return received > kEarnest ? body_limit : std::min<std::uint64_t>(doubled, kEarnest);
}

std::optional<Refusal> Exchange::grow_body() {
  const std::uint64_t wanted = next_capacity();
  if (!body_room.resize({kBodyRoom + body.capacity() + wanted})) return kNoMemory;
  std::string larger;
  larger.reserve(wanted);  // body.reserve() would double what it has if that is more
  larger += body;
  std::string(std::move(larger)).swap(body);  // what it was is gone by the end of this line
  if (!body_room.resize({kBodyRoom + body.capacity()})) return kNoMemory;
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
  std::string().swap(body);  // an assignment of nothing would keep its memory
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
