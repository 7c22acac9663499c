// Body: what an answer sends after its head, as pieces of memory and of files.
//
// A published file whose placeholders are replaced is such a list: ranges of the file, which the
// kernel sends by itself, and short texts between them. Its size is known before it is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::http {

/// A part of an open file. The descriptor belongs to the maker of the body.
struct FileRange {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
using Piece = std::variant<std::string_view, FileRange>;

/// The number of bytes of a piece.
std::uint64_t size_of(const Piece& piece);

/// Gives the pieces of one answer, once, one after the other; it belongs to one thread at a time.
class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  virtual ~Body() = default;

  /// The sum of all pieces' sizes, whatever was taken already.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// The next piece, never of size 0 before the end; an empty text at the end, again and again. Its
  /// memory stays until the next call. Called on a thread that serves others: what it does must be
  /// short. An Error cuts the connection, so that nobody takes half of a body for all of it.
  virtual Result<Piece> next() = 0;
};

/// Pieces in a list: for bodies of a few of them.
class PieceList final : public Body {
 public:
  /// Appends a text; an empty one adds nothing.
  void add(std::string text);
  /// Appends `length` bytes of a file from `offset` on; the file stays open as long as the body.
  void add(std::shared_ptr<const io::Descriptor> file, std::uint64_t offset, std::uint64_t length);

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<Piece> next() override;

 private:
  struct Part {
    std::string text;
    std::shared_ptr<const io::Descriptor> file;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  std::vector<Part> parts_;
  std::size_t position_ = 0;
  std::uint64_t size_ = 0;
};

/// `length` bytes of another body from `offset` on; both lie inside of it.
std::unique_ptr<Body> part_of(std::unique_ptr<Body> body, std::uint64_t offset,
                              std::uint64_t length);

}  // namespace m3u_proxy::http
