// ProgrammePieces: the programmes of one window as they will be in the guide.
//
// Programmes that stay as they are and follow one another are one piece of the window, never
// copied where they are many; the others, and few of these, are text of its own.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::guide {

/// Not thread-safe. Throws memory::OverBudget.
class ProgrammePieces {
 public:
  explicit ProgrammePieces(std::pmr::memory_resource* memory) : text_(memory), pieces_(memory) {}

  /// Begins anew; `window` has to stay while the pieces are used.
  void reset(std::string_view window);
  /// Appends `element`, a part of the window, as a line.
  void append_unchanged(std::string_view element);
  /// The text to append anything else to.
  std::pmr::string& text();
  /// To be called after the last one.
  void finish();

  /// Bytes of the text.
  [[nodiscard]] std::size_t text_size() const { return text_.size(); }
  /// Calls `write` with the pieces, in order, until it fails.
  template <typename Write>
  Result<> for_each(const Write& write) const {
    for (const Piece& piece : pieces_) {
      const std::string_view of = piece.in_window ? window_ : std::string_view(text_);
      M3U_CHECK(write(of.substr(piece.begin, piece.size)));
    }
    return {};
  }

 private:
  struct Piece {
    std::size_t begin;
    std::size_t size;
    bool in_window;
  };
  void end_run();
  void end_text();

  std::string_view window_;
  std::pmr::string text_;
  std::size_t text_begin_ = 0;  // of what is in no piece yet
  std::string_view run_;        // of the window, in no piece yet
  std::pmr::vector<Piece> pieces_;
};

}  // namespace m3u_proxy::guide
