#include <algorithm>
#include <cstring>
#include <utility>

#include <m3u_proxy/formats/m3u_entry_lines.hpp>
#include <m3u_proxy/formats/m3u_splitter.hpp>

namespace m3u_proxy::formats {
namespace {

constexpr std::size_t kTypicalEntry = 256;
constexpr std::size_t kSample = 80;

}  // namespace

M3uSplitter::M3uSplitter(memory::SlabPool& slabs, std::size_t batch_rows) : slabs_(&slabs) {
  set_batch_rows(batch_rows);
}

void M3uSplitter::set_batch_rows(std::size_t batch_rows) {
  target_ = std::clamp(batch_rows * kTypicalEntry, memory::SlabPool::kSizes.front(),
                       memory::SlabPool::kSizes[2]);
  max_lines_ = std::max<std::uint64_t>(2 * batch_rows, 2);
}

Result<> M3uSplitter::fill(io::ByteSource& source, const memory::Slab& slab, std::size_t& size) {
  const std::size_t carried = std::min(carry_.size(), slab.size() - size);
  carry_.copy(slab.data() + size, carried);
  carry_.remove_prefix(carried);
  size += carried;
  while (!at_end_ && size < slab.size()) {
    const auto got = source.read({slab.data() + size, slab.size() - size});
    if (got) {
      at_end_ = *got == 0;
      size += *got;
      continue;
    }
    if (ends_the_job(got.error())) return fail(got.error());
    // What was read before the error is delivered first, less the line that it cut.
    pending_error_ = got.error();
    at_end_ = true;
    const std::string_view text(slab.data(), size);
    size = text.find_last_of("\r\n") + 1;
  }
  return {};
}

/// The common case, lines that end in LF: counts as many as a chunk may have, and goes back from
/// there to the last line that begins with a scheme: that is an address whatever is before it.
/// Sets has_cr to whether the chunk has a CR.
M3uSplitter::Boundary M3uSplitter::find_boundary(std::string_view text, bool& has_cr) const {
  const LineScan scan = scan_lines(text, max_lines_);
  has_cr = scan.has_cr;
  const bool is_full = scan.lines == max_lines_;
  if (!has_cr && is_last() && !is_full) return {.end = text.size(), .lines = scan.lines};
  if (!has_cr) {
    std::uint64_t lines = scan.lines;
    bool is_simple = true;
    for (std::size_t end = scan.end; end != 0 && is_simple; --lines) {
      const std::size_t begin = text.substr(0, end - 1).rfind('\n') + 1;
      const LineKind kind = line_kind(trim_line(text.substr(begin, end - 1 - begin)));
      if (kind == LineKind::kUrl) return {.end = end, .lines = lines};
      is_simple = !is_address(kind) && !genres_;
      end = begin;
    }
    if (is_simple && !is_full) return {};
  }
  has_cr = has_cr || text.contains('\r');
  return boundary_by_lines(text, has_cr);
}

M3uSplitter::Boundary M3uSplitter::boundary_by_lines(std::string_view text, bool has_cr) const {
  Boundary boundary;
  std::uint64_t lines = 0;
  // A CR at the very end may be the first half of a CRLF: its line is not complete yet.
  const std::string_view complete =
      !is_last() && text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
  EntryLines entries(genres_);
  LineCursor cursor(complete, has_cr);
  while (cursor.next() && cursor.terminated()) {
    ++lines;
    if (entries.ends_entry(trim_line(cursor.line())))
      boundary = {.end = cursor.position(), .lines = lines};
    if (lines >= max_lines_ && boundary.end != 0) return boundary;
  }
  if (is_last()) boundary = {.end = text.size(), .lines = lines};
  return boundary;
}

/// Of a text without the end of an entry: where the last entry begins that it may have, as text
/// without any and entries without address may be before that one. The end is 0 when nothing
/// does.
M3uSplitter::Boundary M3uSplitter::boundary_before_entry(std::string_view text, bool has_cr) {
  Boundary begin;  // of what waits
  Boundary end;    // of the lines so far
  bool has_directive = false;
  EntryLines entries(/*genres=*/false);
  const std::string_view complete = text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
  LineCursor cursor(complete, has_cr);
  // The last line is not complete: it may be the address.
  while (cursor.next() && cursor.terminated()) {
    const bool waited = entries.waits();
    entries.ends_entry(trim_line(cursor.line()));
    const LineKind kind = entries.kind();
    const bool is_directive = kind == LineKind::kDirective || kind == LineKind::kNamed;
    if (kind == LineKind::kExtinf && (waited || !has_directive)) begin = end;
    if (is_directive && !waited && !has_directive) begin = end;
    has_directive = is_directive || (has_directive && (kind != LineKind::kExtinf || !waited));
    end = {.end = cursor.position(), .lines = end.lines + 1};
  }
  return entries.waits() || has_directive ? begin : end;
}

std::size_t M3uSplitter::skip_dropped(std::string_view text) {
  LineCursor cursor(text, text.contains('\r'));
  EntryLines entries(genres_, dropped_extinf_);
  std::size_t skipped = 0;
  while (dropping_ != Dropping::kNone && cursor.next()) {
    bool is_end = dropping_ == Dropping::kUrlLine;
    if (dropping_ == Dropping::kEntry) {
      is_end = entries.ends_entry(trim_line(cursor.line()));
      if (entries.kind() == LineKind::kExtinf && dropped_extinf_) {  // it has no address
        dropping_ = Dropping::kNone;
        break;
      }
      dropped_extinf_ = entries.waits();
    }
    // A line that goes on behind this buffer: what it is was decided by how it began.
    if (!cursor.terminated()) {
      dropping_ = is_end ? Dropping::kUrlLine : Dropping::kLine;
      return text.size();
    }
    skipped = cursor.position();
    ++line_;
    dropping_ = is_end ? Dropping::kNone : Dropping::kEntry;
  }
  return skipped;
}

Result<std::string_view> M3uSplitter::beginning(io::ByteSource& source) {
  std::size_t size = 0;
  M3U_TRY(carry_slab_, slabs_->acquire(memory::Tag::kInput, kBeginning));
  M3U_CHECK(fill(source, carry_slab_, size));
  if (size == 0 && pending_error_) return fail(*std::exchange(pending_error_, std::nullopt));
  carry_ = {carry_slab_.data(), size};
  return carry_;
}

void M3uSplitter::skip(std::size_t bytes) {
  const std::string_view skipped = carry_.substr(0, bytes);
  LineCursor cursor(skipped, skipped.contains('\r'));
  while (cursor.next()) line_ += cursor.terminated() ? 1 : 0;
  carry_.remove_prefix(skipped.size());
}

Result<M3uChunk> M3uSplitter::next(io::ByteSource& source, ProblemLog& problems) {
  M3uChunk chunk;
  std::size_t size = 0;
  M3U_TRY(chunk.slab, slabs_->acquire(memory::Tag::kInput, target_));
  while (true) {
    M3U_CHECK(fill(source, chunk.slab, size));
    if (dropping_ != Dropping::kNone) {
      const std::size_t skipped = skip_dropped({chunk.slab.data(), size});
      size -= skipped;
      std::memmove(chunk.slab.data(), chunk.slab.data() + skipped, size);
      if (!is_last()) continue;
    }
    if (size == 0 && pending_error_) return fail(*std::exchange(pending_error_, std::nullopt));
    const std::string_view text(chunk.slab.data(), size);
    Boundary boundary = find_boundary(text, chunk.has_cr);
    if (boundary.end == 0 && size >= kMaxEntry)
      boundary = boundary_before_entry(text, chunk.has_cr);
    if (boundary.end != 0 || size == 0) {
      chunk.text = text.substr(0, boundary.end);
      chunk.first_line = line_;
      line_ += boundary.lines;
      M3U_CHECK(carry_over(text.substr(boundary.end)));
      return chunk;
    }
    if (size >= kMaxEntry) {
      problems.add("entry_too_large", line_, 0, text.substr(0, kSample));
      dropping_ = Dropping::kEntry;
      dropped_extinf_ = false;
      continue;
    }
    M3U_TRY(memory::Slab larger,
            slabs_->acquire(memory::Tag::kInput, std::min(kMaxEntry, chunk.slab.size() * 4)));
    std::memcpy(larger.data(), chunk.slab.data(), size);
    chunk.slab = std::move(larger);
  }
}

/// Keeps what belongs to the next chunk.
Result<> M3uSplitter::carry_over(std::string_view rest) {
  if (!carry_.empty()) {  // the rest was taken from right before what is still carried
    carry_ = {carry_.data() - rest.size(), carry_.size() + rest.size()};
    return {};
  }
  carry_slab_ = {};
  if (rest.empty()) return {};
  M3U_TRY(carry_slab_, slabs_->acquire(memory::Tag::kInput, rest.size()));
  std::memcpy(carry_slab_.data(), rest.data(), rest.size());
  carry_ = {carry_slab_.data(), rest.size()};
  return {};
}

}  // namespace m3u_proxy::formats
