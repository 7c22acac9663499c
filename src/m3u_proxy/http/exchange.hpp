// Exchange: the memory of one request while it is read and handled: its bytes, its parser, its
// body. Internal to the server.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <m3u_proxy/http/head_scanner.hpp>
#include <m3u_proxy/http/limits.hpp>
#include <m3u_proxy/http/request_parser.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::http {

struct Route;

/// Bytes that came and were not used yet; room grows by doubling.
struct Input {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::string_view text() const { return {bytes.get() + begin, end - begin}; }
  [[nodiscard]] std::span<char> room() { return {bytes.get() + end, capacity - end}; }
  void reserve(std::size_t size);
  /// Moves what is there to the front.
  void compact();
  void append(std::string_view more);
};

struct Exchange final : BodyReceiver {
  static constexpr std::size_t kFirstRoom = 4096;
  static constexpr std::size_t kBodyRoom = 16384;
  static constexpr std::size_t kFirstBody = 4096;  ///< of a body's text, before any has come
  /// A body of which more than this has come gets room for all that was announced.
  static constexpr std::size_t kEarnest = 65536;

  Input head;        ///< the head, and in it the views of the request; behind it the next bytes
  Input body_input;  ///< of a body: what was read and not parsed yet
  memory::Reservation grown;  ///< for what head has beyond kFirstRoom
  HeadScanner scanner;
  RequestParser parser;
  Request request;
  const Route* route = nullptr;

  std::string body;
  memory::Reservation body_room;  ///< for body and body_input
  std::uint64_t body_limit = 0;
  std::uint64_t received = 0;
  memory::Budget* budget = nullptr;

  /// Prepares for reading a body, of which memory is taken as it comes: who only announces one, and
  /// many of them at once, keeps memory from nobody. A refusal for one that is too long, or for
  /// which memory has no room now or never will have.
  std::optional<Refusal> start_body(memory::Budget& from);
  std::optional<Refusal> receive(std::string_view bytes) override;
  /// Forgets the request and keeps what came behind it for the next.
  void next();
  /// Forgets everything but the first room.
  void clear();

 private:
  [[nodiscard]] std::uint64_t next_capacity() const;
  std::optional<Refusal> grow_body();
};

}  // namespace m3u_proxy::http
