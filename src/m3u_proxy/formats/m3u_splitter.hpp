// M3uSplitter: cuts a playlist into chunks that each hold whole entries.
//
// A chunk ends right after an address that ends an entry, because the lines since the previous one
// belong to it: so nothing but an open group (OpenGroup) goes from one chunk to the next. Bytes
// come from the caller, so the splitter itself does no I/O. It bounds memory: an entry of more than
// 4 MB is dropped and counted. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <m3u_proxy/base/problems.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/memory/slab_pool.hpp>

namespace m3u_proxy::formats {

constexpr std::size_t kMaxLine = std::size_t{1} << 20U;
constexpr std::size_t kMaxEntry = std::size_t{4} << 20U;

/// Whole entries (or the whole rest of the input), in a slab of its own.
struct M3uChunk {
  memory::Slab slab;
  std::string_view text;
  std::uint64_t first_line = 1;
  bool has_cr = false;  ///< lines may end in CR
};

class M3uSplitter {
 public:
  /// `batch_rows`: about how many entries a chunk holds at most; a chunk has no more than twice as
  /// many lines, or one entry.
  M3uSplitter(memory::SlabPool& slabs, std::size_t batch_rows);

  /// For the chunks that follow.
  void set_batch_rows(std::size_t batch_rows);

  /// Reads the first kBeginning bytes (or all there is) without consuming them, so that what the
  /// input is can be judged alike whatever the chunks' size. Call before next(). Errors as next().
  static constexpr std::size_t kBeginning = std::size_t{256} << 10U;
  Result<std::string_view> beginning(io::ByteSource& source);

  /// Passes the first bytes of what beginning() gave, no more than it has.
  void skip(std::size_t bytes);
  /// Says that `Name,URL` lines are entries (M3uHeader::genres).
  void expect_genres() { genres_ = true; }

  /// The next chunk; an empty text at the end. Dropped entries are counted in `problems`.
  /// Errors: of the source, after everything that came before it was delivered, or at once when it
  /// ends the job; kOverBudget.
  Result<M3uChunk> next(io::ByteSource& source, ProblemLog& problems);

 private:
  struct Boundary {
    std::size_t end = 0;      ///< after the last entry; 0: there is none
    std::uint64_t lines = 0;  ///< up to there
  };
  /// What of the input is dropped at present: nothing, the rest of a line that ends its entry, the
  /// rest of a line and then lines up to the next URL, or lines up to the next URL.
  enum class Dropping : std::uint8_t { kNone, kUrlLine, kLine, kEntry };

  /// Whether nothing follows what was taken so far.
  [[nodiscard]] bool is_last() const { return at_end_ && carry_.empty(); }
  Result<> carry_over(std::string_view rest);
  Result<> fill(io::ByteSource& source, const memory::Slab& slab, std::size_t& size);
  Boundary find_boundary(std::string_view text, bool& has_cr) const;
  [[nodiscard]] Boundary boundary_by_lines(std::string_view text, bool has_cr) const;
  [[nodiscard]] static Boundary boundary_before_entry(std::string_view text, bool has_cr);
  std::size_t skip_dropped(std::string_view text);

  memory::SlabPool* slabs_;
  std::size_t target_ = 0;
  std::uint64_t max_lines_ = 0;
  memory::Slab carry_slab_;
  std::string_view carry_;  // read before, and not yet in a chunk
  std::uint64_t line_ = 1;
  bool at_end_ = false;
  std::optional<Error> pending_error_;
  Dropping dropping_ = Dropping::kNone;
  bool dropped_extinf_ = false;  ///< the dropped entry had its #EXTINF
  bool genres_ = false;
};

}  // namespace m3u_proxy::formats
